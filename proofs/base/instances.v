(* Explicit instances: linear networks with squared loss, one fixed data set and full
   batches, W_0 = 0, h_0 = 0, and entries between -18 and 18 from a formula.

     fixed_data a M X W B C     the trials of every step have the same inputs and
                        initial states, and e_t = y_t - target_t at the parameters of
                        that step
     descends eta ..    W, and B and C if trained, go down the gradient with step eta
     pseudo_random s i j        the formula
     example p q T M trained    M trials of T steps; N = p + q neurons             *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model invariance computation.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section FixedData.
Variables (R : fieldType) (n p q : nat) (a eta : R) (M : nat).
Variables (X : nat -> nat -> trial R n p q).
Variables (W : nat -> 'M[R]_n) (B : nat -> 'M[R]_(n, p)) (C : nat -> 'M[R]_(q, n)).

Definition fixed_data :=
  (forall k m, [/\ tT (X k m) = tT (X 0%N m), th0 (X k m) = th0 (X 0%N m) &
                   tu (X k m) = tu (X 0%N m)]) /\
  exists y : nat -> nat -> 'cV[R]_q, forall k m t,
    te (X k m) t = C k *m lhid a (W k) (B k) (X k m) t - y m t.

Definition descendsW :=
  forall k, W k.+1 = W k - eta *: \sum_(m < M) lgradW a (W k) (B k) (C k) (X k m).
Definition descendsB :=
  forall k, B k.+1 = B k - eta *: \sum_(m < M) lgradB a (W k) (B k) (C k) (X k m).
Definition descendsC :=
  forall k, C k.+1 = C k - eta *: \sum_(m < M) lgradC a (W k) (B k) (X k m).
End FixedData.

(* B and C that do not move, as constants *)
Lemma frozen_fixed_data (R : fieldType) n p q (a eta : R) M X (W : nat -> 'M[R]_n)
    (B : nat -> 'M[R]_(n, p)) (C : nat -> 'M[R]_(q, n)) :
  (forall k, B k = B 0%N /\ C k = C 0%N) -> fixed_data a X W B C -> descendsW a eta M X W B C ->
  fixed_data a X W (fun=> B 0%N) (fun=> C 0%N) /\
  forall k, W k.+1 = W k - eta *: \sum_(m < M) lgradW a (W k) (B 0%N) (C 0%N) (X k m).
Proof.
move=> fr [same [y ey]] dW; split; last by move=> k; rewrite dW; have [-> ->] := fr k.
by split=> //; exists y => k m t; rewrite ey; have [-> ->] := fr k.
Qed.

(* gradient descent computed by the programs is of this kind *)
Section RunFixedData.
Variables (R : numFieldType) (n p q : nat) (za : Z) (I : instance) (xs : seq xtrial).
Hypothesis eI : itrials I = fun=> xs.
Hypothesis squared : all (fun x => ~~ xfree x) xs.
Local Notation run := (@run R n p q za id id (fun=> 1) (fun=> 1) I).
Definition run_W k := (run k).1.1.
Definition run_B k := (run k).1.2.
Definition run_C k := (run k).2.
Definition run_X k m := data za id id I k (run k) m.

Lemma run_fixed_data : fixed_data (zr R za) run_X run_W run_B run_C.
Proof.
split=> [k m|]; first by rewrite /run_X /data eI.
exists (fun m t => vecz R q (nth [::] (xy (nth no_trial xs m)) t)) => k m t.
have free : xfree (nth no_trial xs m) = false.
  case: (ltnP m (size xs)) => [lt|ge]; last by rewrite nth_default.
  exact: negbTE (all_nthP no_trial squared m lt).
rewrite /run_X /data eI /= free; congr (_ *m _ - _).
by rewrite /rate map_mx_id; apply/esym/hid_trial_of.
Qed.

Lemma run_descendsW : descendsW (zr R za) (zr R (ieta I)) (size xs) run_X run_W run_B run_C.
Proof. by move=> k; rewrite /run_W /= eI. Qed.

Lemma run_descendsB : itrained I ->
  descendsB (zr R za) (zr R (ieta I)) (size xs) run_X run_W run_B run_C.
Proof. by move=> tr k; rewrite /run_B /= tr eI. Qed.

Lemma run_descendsC : itrained I ->
  descendsC (zr R za) (zr R (ieta I)) (size xs) run_X run_W run_B run_C.
Proof. by move=> tr k; rewrite /run_C /= tr eI. Qed.

Lemma run_frozen k : ~~ itrained I -> run_B k = run_B 0 /\ run_C k = run_C 0.
Proof.
move=> /negPf fr; elim: k => // k [<- <-].
by rewrite /run_B /run_C /= fr !subr0.
Qed.
End RunFixedData.

Definition pseudo_random (s i j : nat) : Z :=
  let: (s, i, j) := (Z.of_nat s, Z.of_nat i, Z.of_nat j) in
  (((i + 1) * (i + 1) * (j + 2) * 17 + (j + 1) * (j + 1) * (j + 1) * 5 + s * (i + 3) * (j + 7))
   mod 37 - 18)%bz.

Definition table s m n : mat := [seq [seq pseudo_random s i j | j <- iota 0 n] | i <- iota 0 m].

Definition example p q T M trained := Instance [::] (table 1 (p + q) p) (table 2 q (p + q)) 1
  trained (fun=> [seq XTrial T [::] (table (3 + 2 * m) T p) (table (4 + 2 * m) T.+1 q) false
                  | m <- iota 0 M]).

(* the checks are made modulo 997 *)
Lemma prime_997 : prime 997. Proof. by vm_compute. Qed.

Section Examples.
Variable R : numFieldType.
Local Notation run I n p q := (@run R n p q 1 id id (fun=> 1) (fun=> 1) I).

Lemma example_ranks n p q I rs k :
  ranks_ok 997 n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I rs -> (k < size rs)%N ->
  ((nth (0, 0)%N rs k).1 <= \rank (run I n p q k).1.1)%N /\
  ((nth (0, 0)%N rs k).2 <= \rank ((run I n p q k.+1).1.1 - (run I n p q k).1.1)%R)%N.
Proof.
move=> ok ks.
exact: (@ranks_ge 997 n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I prime_997 (fun _ => id) (fun _ => id) (fun _ _ => 1)
  (fun _ _ => 1) (fun _ _ => erefl) (fun _ _ => erefl) (fun _ _ => erefl) (fun _ _ => erefl) R rs).
Qed.

Lemma run_W0 I n p q : iW I = [::] -> (run I n p q 0).1.1 = 0.
Proof. by move=> /= ->; apply/matrixP=> i j; rewrite !mxE /mget /vget !nth_nil. Qed.

Lemma example_unfolding n p q I K r : (0 < n)%N ->
  unfolding_ok 997 n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I K r ->
  (r <= \rank (\matrix_(k < K) mxvec (run I n p q k).1.1))%N.
Proof.
move=> n0 ok.
exact: (@unfolding_rank_ge 997 n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I prime_997 (fun _ => id)
  (fun _ => id) (fun _ _ => 1) (fun _ _ => 1) (fun _ _ => erefl) (fun _ _ => erefl)
  (fun _ _ => erefl) (fun _ _ => erefl) R K r n0 ok).
Qed.

Lemma run_zero_start p q T M trained k m :
  th0 (@run_X R (p + q) p q 1 (example p q T M trained) k m) = 0.
Proof.
apply/matrixP=> i j; rewrite /run_X /data /= !mxE; suff -> : xh0 (nth no_trial
  [seq XTrial T [::] (table (3 + 2 * m0) T p) (table (4 + 2 * m0) T.+1 q) false | m0 <- iota 0 M]
  m) = [::] by rewrite /vget nth_nil.
have [lt|ge] := ltnP m M; last by rewrite nth_default // size_map size_iota.
by rewrite (nth_map 0%N) // size_iota.
Qed.

Lemma rank_step (n : nat) (W W' G : 'M[R]_n) : W' = W - 1 *: G -> \rank G = \rank (W' - W)%R.
Proof. by move=> ->; rewrite scale1r addrAC subrr sub0r mxrank_opp. Qed.

End Examples.
