(* What the theorems need: explicit instances without one hypothesis, and a rank that
   breaks the bound. The same counterexamples, and more, run in tests/counterexamples/.

   One input, one output (unless said otherwise), two trials of four steps with integer
   data, squared loss, gradient descent on W alone, N <= 8 neurons; over every field of
   characteristic 0. The lower bounds come from an elimination modulo 997.

     small n p q W0 h0     the instance, from W_0 and the initial state of each trial
     parabola z            z + z^2
     cube z                z^3                                                      *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model invariance computation instances.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition small n p q W0 (h0 : nat -> vec) := Instance W0 (table 1 n p) (table 2 q n) 1 false
  (fun=> [seq XTrial 4 (h0 m) (table (3 + 2 * m) 4 p) (table (4 + 2 * m) 5 q) false
         | m <- iota 0 2]).

Definition parabola (S : ringType) (z : S) := z * z + z.
Definition dparabola (S : ringType) (z : S) := z + z + 1.
Definition zparabola z := (z * z + z)%bz.
Definition zdparabola z := (z + z + 1)%bz.

Lemma zr_parabola (S : comRingType) z : zr S (zparabola z) = parabola (zr S z).
Proof. by rewrite zrD zrM. Qed.

Lemma zr_dparabola (S : comRingType) z : zr S (zdparabola z) = dparabola (zr S z).
Proof. by rewrite !zrD. Qed.

Section Linear.
Variable R : numFieldType.
Variables (n p q : nat) (I : instance).
Local Notation run := (@run R n p q 1 id id (fun=> 1) (fun=> 1) I).

Definition W k := (run k).1.1.

Lemma ranks k rs :
  ranks_ok 997 n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I rs -> (k < size rs)%N ->
  ((nth (0, 0)%N rs k).1 <= \rank (W k))%N /\
  ((nth (0, 0)%N rs k).2 <= \rank (W k.+1 - W k)%R)%N.
Proof. exact: example_ranks. Qed.
End Linear.

Section Bent.
Variable R : numFieldType.
Variables (n p q : nat) (I : instance).

(* phi = parabola, psi = id *)
Definition phi_bent_W k :=
  (@run R n p q 1 (@parabola R) id (@dparabola R) (fun=> 1) I k).1.1.

Lemma phi_bent_ranks k rs :
  ranks_ok 997 n p q 1 zparabola id zdparabola (fun=> 1%bz) I rs -> (k < size rs)%N ->
  ((nth (0, 0)%N rs k).1 <= \rank (phi_bent_W k))%N.
Proof.
move=> ok ks; have [] := @ranks_ge 997 n p q 1 zparabola id zdparabola (fun=> 1%bz) I prime_997
  (fun S => @parabola S) (fun _ => id) (fun S => @dparabola S) (fun _ _ => 1)
  (fun S z => zr_parabola S z) (fun _ _ => erefl) (fun S z => zr_dparabola S z)
  (fun _ _ => erefl) R rs k ok ks.
by [].
Qed.

(* phi = id, psi = parabola *)
Definition psi_bent_W k :=
  (@run R n p q 1 id (@parabola R) (fun=> 1) (@dparabola R) I k).1.1.

Lemma psi_bent_ranks k rs :
  ranks_ok 997 n p q 1 id zparabola (fun=> 1%bz) zdparabola I rs -> (k < size rs)%N ->
  ((nth (0, 0)%N rs k).1 <= \rank (psi_bent_W k))%N.
Proof.
move=> ok ks; have [] := @ranks_ge 997 n p q 1 id zparabola (fun=> 1%bz) zdparabola I prime_997
  (fun _ => id) (fun S => @parabola S) (fun _ _ => 1) (fun S => @dparabola S)
  (fun _ _ => erefl) (fun S z => zr_parabola S z) (fun _ _ => erefl)
  (fun S z => zr_dparabola S z) R rs k ok ks.
by [].
Qed.
End Bent.

(* the cube of every entry: an odd entrywise update, as sign descent or Adam, that a field has *)
Definition cube (S : ringType) (z : S) := z * z * z.
Definition zcube z := (z * z * z)%bz.

Section Entrywise.
Variables (R : numFieldType) (n p q : nat) (I : instance).
Local Notation run S := (@run S n p q 1 id id (fun=> 1) (fun=> 1) I).
Local Notation runL N := (runL N n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I).
Definition cubes N L := mtab N n n (fun i j => zcube (mget L i j)).

Lemma mxz_cubes (S : comRingType) N L : zr S N = 0 ->
  mxz S n n (cubes N L) = map_mx (@cube S) (mxz S n n L).
Proof. by move=> N0; rewrite mxz_mtab //; apply/matrixP=> i j; rewrite !mxE !zrM. Qed.

Lemma run_list (S : comRingType) N k : zr S N = 0 ->
  (run S k).1.1 = mxz S n n (runL N k).1.1.
Proof.
move=> N0; exact: (@runE_at n p q 1 id id (fun=> 1%bz) (fun=> 1%bz) I (fun _ => id) (fun _ => id)
  (fun _ _ => 1) (fun _ _ => 1) (fun _ _ => erefl) (fun _ _ => erefl) (fun _ _ => erefl)
  (fun _ _ => erefl) S N k N0).
Qed.

Lemma cube_rank k r : rank_ok (Z.of_nat 997) n n r (cubes (Z.of_nat 997) (runL (Z.of_nat 997) k).1.1) ->
  (r <= \rank (map_mx (@cube R) (W R n p q I k)))%N.
Proof.
have N0 : zr [fieldType of 'F_997] (Z.of_nat 997) = 0 by apply: zr_prime.
pose L0 := (runL 0%bz k).1.1.
have e1 : mxz [comRingType of 'F_997] n n (cubes (Z.of_nat 997) (runL (Z.of_nat 997) k).1.1) =
    mxz [comRingType of 'F_997] n n (cubes 0%bz L0).
  rewrite (mxz_cubes _ N0) (mxz_cubes (N := 0%bz) _ erefl); congr (map_mx _ _).
  exact: etrans (esym (run_list k N0)) (@run_list _ 0%bz k erefl).
have e2 : map_mx (@cube R) (W R n p q I k) = mxz R n n (cubes 0%bz L0).
  rewrite (mxz_cubes (N := 0%bz) _ erefl); congr (map_mx _ _).
  exact: (@run_list R 0%bz k erefl).
move=> ok; apply: leq_trans (rank_certificate N0 ok) _; rewrite e1 e2.
exact: (@rank_mod_le 997 R).
Qed.
End Entrywise.

Section Counterexamples.
Variable R : numFieldType.

(* spectral-optimizers: an entrywise update leaves the space. From W_0 = 0 one step of plain
   gradient descent gives W_1 = - G_0, and the cube of its entries has rank 7 > p + q = 6 *)
Theorem entrywise_updates_leave_the_space :
  (7 <= \rank (map_mx (@cube R) (W R 8 3 3 (small 8 3 3 [::] (fun=> [::])) 1)))%N.
Proof. by apply: cube_rank; vm_compute. Qed.

(* invariant-subspace says at most p + q = 2 *)
Theorem phi_must_be_linear : (3 <= \rank (phi_bent_W R 5 1 1 (small 5 1 1 [::] (fun=> [::])) 2))%N.
Proof.
exact: (@phi_bent_ranks R 5 1 1 (small 5 1 1 [::] (fun=> [::])) 2 [:: (0, 0); (0, 0); (3, 0)]%N
  (ltac:(by vm_compute)) isT).
Qed.

Theorem psi_must_be_linear : (3 <= \rank (psi_bent_W R 5 1 1 (small 5 1 1 [::] (fun=> [::])) 2))%N.
Proof.
exact: (@psi_bent_ranks R 5 1 1 (small 5 1 1 [::] (fun=> [::])) 2 [:: (0, 0); (0, 0); (3, 0)]%N
  (ltac:(by vm_compute)) isT).
Qed.

(* W_0 that is no multiple of the identity: W_1 - W_0 has more than rank p + q = 2 *)
Theorem start_must_keep_the_space :
  (3 <= \rank (W R 5 1 1 (small 5 1 1 (table 9 5 5) (fun=> [::])) 1 -
               W R 5 1 1 (small 5 1 1 (table 9 5 5) (fun=> [::])) 0)%R)%N.
Proof.
have [_ l] := ranks (k := 0) (rs := [:: (0, 3)]%N) R
  (n := 5) (p := 1) (q := 1) (I := small 5 1 1 (table 9 5 5) (fun=> [::]))
  (ltac:(by vm_compute)) isT.
exact: l.
Qed.

(* h_0 that differs from trial to trial: p + q + 1 = 3 is exceeded *)
Theorem initial_state_must_be_common :
  (4 <= \rank (W R 6 1 1 (small 6 1 1 [::] (fun m => [seq pseudo_random 20 i m | i <- iota 0 6])) 3))%N.
Proof.
have [l _] := ranks (k := 3) (rs := [:: (0, 0); (0, 0); (0, 0); (4, 0)]%N) R
  (n := 6) (p := 1) (q := 1)
  (I := small 6 1 1 [::] (fun m => [seq pseudo_random 20 i m | i <- iota 0 6]))
  (ltac:(by vm_compute)) isT.
exact: l.
Qed.

(* effective-task-dimension without C C^T = I: inputs of dimension one, targets y_t = 0 of
   dimension zero, and rank 3 where 2 r_u + r_y = 2 *)
Definition wide := Instance [::] (table 1 6 1) (table 2 4 6) 1 false
  (fun=> [seq XTrial 4 [::] (table (3 + 2 * m) 4 1) [::] false | m <- iota 0 2]).
Theorem readout_must_be_orthonormal : (3 <= \rank (W R 6 1 4 wide 3))%N.
Proof.
have [l _] := ranks (k := 3) (rs := [:: (0, 0); (0, 0); (0, 0); (3, 0)]%N) R
  (n := 6) (p := 1) (q := 4) (I := wide) (ltac:(by vm_compute)) isT.
exact: l.
Qed.

(* siso-reciprocity with h_0 <> 0: the slices span four dimensions, not three *)
Definition stateful := small 5 1 1 [::] (fun=> [seq pseudo_random 20 i 0 | i <- iota 0 5]).
Theorem initial_state_must_be_zero :
  (4 <= \rank (\matrix_(k < 9) mxvec (W R 5 1 1 stateful k)))%N.
Proof. by apply: example_unfolding => //; vm_compute. Qed.

(* fibonacci-growth: an h_0 counts as one more input. rank D_1 = 2, where p = 1 alone allows 1 *)
Definition stateful_outputs := small 6 1 2 [::] (fun=> [seq pseudo_random 20 i 0 | i <- iota 0 6]).
Theorem initial_state_counts : (2 <= \rank (W R 6 1 2 stateful_outputs 1))%N.
Proof.
have [l _] := ranks (k := 1) (rs := [:: (0, 0); (2, 0)]%N) R
  (n := 6) (p := 1) (q := 2) (I := stateful_outputs) (ltac:(by vm_compute)) isT.
exact: l.
Qed.

End Counterexamples.

(* Main results: entrywise_updates_leave_the_space phi_must_be_linear psi_must_be_linear *)
(* Main results: start_must_keep_the_space initial_state_must_be_common *)
(* Main results: readout_must_be_orthonormal initial_state_must_be_zero initial_state_counts *)
