(* fingerprints (checked by src/theorem/fingerprints.rs)

   Neurons with the same rows of [B, C^T, h_0, b], and W_0 constant on these
   classes, stay interchangeable: W_k is constant on blocks of classes, so its rank
   is at most the number of classes, for any loss, data and learning rates, any
   phi, psi, and any optimizer that acts entry by entry, Adam included. With odd
   phi, psi and an odd optimizer the classes are up to sign. A class of neurons
   whose fingerprint is zero does not count, if W_0 vanishes there, phi(0) =
   psi(0) = 0, and the optimizer leaves a zero without gradients at zero.

     cls i = Some c     neuron i is in class c;  None: its fingerprint is zero
     s i                its fingerprint is minus that of its class
     fingerprints       the r rows spanned by the classes
     respects A         the rows of A depend on the class alone, up to sign
     block_constant A   entry i, j depends on the classes of i and j alone
     compatible f       f is odd if signs occur, f 0 = 0 if None occurs
     entrywise Th G Phi     every entry is a function Phi of its own start and of
                        its own gradients
     by_channel Th G Phi    the same with a function for each row of Th: a channel,
                        so that a bias may be trained and the inputs beside it not
     moments, adaptive  Adam-like rules: a function of the first two moments     *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Fingerprints.
Variables (F : fieldType) (n r : nat) (cls : 'I_n -> option 'I_r) (s : 'I_n -> bool).

Definition fingerprints : 'M[F]_(r, n) := \matrix_(c, i) ((cls i == Some c)%:R * (-1) ^+ s i).
Definition class_value (f : 'I_r -> F) j := if cls j is Some c then f c * (-1) ^+ s j else 0.

Lemma mul_fingerprints m (y : 'M[F]_(m, r)) i j : (y *m fingerprints) i j = class_value (y i) j.
Proof.
rewrite mxE /class_value; case e: (cls j) => [c|]; last first.
  by rewrite big1 // => c _; rewrite mxE e mul0r mulr0.
rewrite (bigD1 c) //= big1 ?addr0; first by rewrite mxE e eqxx mul1r.
move=> d nd; rewrite mxE e (_ : (Some c == Some d) = false) ?mul0r ?mulr0 //.
by apply/negbTE; apply: contra nd => /eqP[->].
Qed.

Definition respects m (A : 'M[F]_(m, n)) :=
  exists f : 'I_m -> 'I_r -> F, forall i j, A i j = class_value (f i) j.

Lemma respectsP m (A : 'M[F]_(m, n)) : (A <= fingerprints)%MS <-> respects A.
Proof.
split=> [/submxP[y ->]|[f eA]].
  by exists (fun i c => y i c) => i j; rewrite mul_fingerprints.
apply/submxP; exists (\matrix_(i, c) f i c); apply/matrixP=> i j.
rewrite mul_fingerprints eA /class_value; case: (cls j) => // c.
by rewrite mxE.
Qed.

Definition block_constant (A : 'M[F]_n) := exists f : 'I_r -> 'I_r -> F, forall i j,
  A i j = class_value (fun c => class_value (f c) j) i.

Lemma block_constantP (A : 'M[F]_n) :
  (A <= fingerprints)%MS /\ (A^T <= fingerprints)%MS <-> block_constant A.
Proof.
split=> [[sA sAt]|[f eA]].
  have [Y ->] := two_sided sA sAt; exists (fun c d => Y c d) => i j.
  rewrite -mulmxA -[_ *m (_ *m _)]trmxK trmx_mul trmxK mxE mul_fingerprints.
  by rewrite /class_value; case: (cls i) => // c; rewrite mxE mul_fingerprints.
split; apply/respectsP; last first.
  by exists (fun i c => class_value (f c) i) => i j; rewrite mxE eA.
exists (fun i c => class_value (fun d => f d c) i) => i j; rewrite eA /class_value.
by case: (cls i) => [c|]; case: (cls j) => [d|] //; rewrite ?mul0r // mulrAC.
Qed.

Definition compatible (f : F -> F) :=
  (forall i, s i -> forall z, f (- z) = - f z) /\ (forall i, cls i = None -> f 0 = 0).

Lemma class_value_map f v j : compatible f ->
  f (class_value v j) = class_value (fun c => f (v c)) j.
Proof.
case=> odd_f f0; rewrite /class_value; case e: (cls j) => [c|]; last exact: f0 e.
by case sj: (s j); rewrite ?expr0 ?expr1 ?mulr1 ?mulrN1 ?(odd_f j).
Qed.

Lemma fingerprints_closed f : compatible f -> closed_under fingerprints f.
Proof.
move=> cf v /respectsP[g ev]; apply/respectsP; exists (fun i c => f (g i c)) => i j.
have := ev i j; rewrite !mxE => ->; exact: class_value_map.
Qed.

Lemma fingerprints_slope_closed g :
  (forall i, s i -> forall z, g (- z) = g z) -> slope_closed fingerprints g.
Proof.
move=> even_g z l /respectsP[f ez] /respectsP[f' el]; apply/respectsP.
exists (fun i c => g (f i c) * f' i c) => i j; have := ez i j; have := el i j.
rewrite !mxE => -> ->; rewrite /class_value; case: (cls j) => [c|]; last by rewrite mulr0.
by case sj: (s j); rewrite ?expr0 ?expr1 ?mulr1 // !mulrN1 (even_g j) // mulrN.
Qed.

Variables (p q h : nat) (a : F) (phi psi dphi dpsi : F -> F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, h)) (sel : nat -> nat -> 'cV[F]_h).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Local Notation gW := (batch_gradW a phi psi dphi dpsi W B C M X).
Local Notation gB := (batch_gradB a phi psi dphi dpsi W B C M X).
Local Notation gC := (batch_gradC a phi psi W B M X).
Local Notation gh0 := (batch_gradh0 a phi psi dphi dpsi W B C sel M X).
Hypotheses (cphi : compatible phi) (cpsi : compatible psi).
Hypothesis even_dphi : forall i, s i -> forall z, dphi (- z) = dphi z.
Hypothesis even_dpsi : forall i, s i -> forall z, dpsi (- z) = dpsi z.
Hypothesis eh0 : forall k m, th0 (X k m) = h0 k *m sel k m.
Hypotheses (W0 : block_constant (W 0%N)) (B0 : respects (B 0%N)^T) (C0 : respects (C 0%N)).
Hypothesis h00 : respects (h0 0%N)^T.

(* GD-like and spectral optimizers *)
Theorem fingerprints_space cW :
  keeps_space fingerprints cW W gW -> keeps_columns fingerprints B gB ->
  keeps_rows fingerprints C gC -> keeps_columns fingerprints h0 gh0 ->
  forall k, block_constant (W k) /\ (\rank (W k) <= r)%N.
Proof.
move=> rW rB rC rh k; have [sW sWt] := (block_constantP _).2 W0.
have [||||D Dt _] := closed_invariant (fingerprints_closed cphi) (fingerprints_closed cpsi)
  (fingerprints_slope_closed even_dphi) (fingerprints_slope_closed even_dpsi)
  rW rB rC rh eh0 _ _ _ _ k; do ?by apply/respectsP.
  by split; rewrite mulmx_sub.
have sWk : (W k <= fingerprints)%MS.
  by rewrite -[W k](subrK (cW k *: W 0%N)) addmx_sub ?scalemx_sub.
have sWkt : ((W k)^T <= fingerprints)%MS.
  by rewrite -[W k](subrK (cW k *: W 0%N)) linearD addmx_sub //= linearZ scalemx_sub.
split; first exact/block_constantP.
exact: leq_trans (mxrankS sWk) (rank_leq_row _).
Qed.

(* every optimizer that acts entry by entry *)
Definition entrywise m1 m2 (Th G : nat -> 'M[F]_(m1, m2)) (Phi : nat -> F -> seq F -> F) :=
  forall k i j, Th k i j = Phi k (Th 0%N i j) [seq G l i j | l <- iota 0 k].

Definition by_channel m1 m2 (Th G : nat -> 'M[F]_(m1, m2)) (Phi : 'I_m1 -> nat -> F -> seq F -> F) :=
  forall k i j, Th k i j = Phi i k (Th 0%N i j) [seq G l i j | l <- iota 0 k].

Definition compatible_rule (Phi : nat -> F -> seq F -> F) :=
  (forall i, s i -> forall k x g, Phi k (- x) [seq - y | y <- g] = - Phi k x g) /\
  (forall i, cls i = None -> forall k, Phi k 0 (nseq k 0) = 0).

(* what is not trained *)
Lemma frozen_compatible : compatible_rule (fun _ x _ => x).
Proof. by split. Qed.

Lemma by_channel_respects m (Th G : nat -> 'M[F]_(m, n)) Phi k :
  by_channel Th G Phi -> (forall i, compatible_rule (Phi i)) -> respects (Th 0%N) ->
  (forall l, (l < k)%N -> respects (G l)) -> respects (Th k).
Proof.
move=> eTh cP [f0 e0] rG.
have oddP i := proj1 (cP i); have zeroP i := proj2 (cP i).
have [f ef] : exists f : nat -> 'I_m -> 'I_r -> F,
    forall l, (l < k)%N -> forall i j, G l i j = class_value (f l i) j.
  elim: {1 3}k (leqnn k) => [|l IHl] ltlk; first by exists (fun _ _ _ => 0).
  have [f ef] := IHl (ltnW ltlk); have [g eg] := rG l ltlk.
  exists (fun l' => if l' == l then g else f l') => l' lel' i j.
  by case: eqP => [->|/eqP nl] //; apply: ef; rewrite ltn_neqAle nl.
exists (fun i c => Phi i k (f0 i c) [seq f l i c | l <- iota 0 k]) => i j.
have eG : [seq G l i j | l <- iota 0 k] = [seq class_value (f l i) j | l <- iota 0 k].
  by apply/eq_in_map => l; rewrite mem_iota => /ef.
rewrite eTh e0 eG /class_value; case e: (cls j) => [c|]; last first.
  rewrite (_ : [seq _ | _ <- _] = nseq k 0) ?(zeroP i j) //.
  by rewrite -{2}(size_iota 0 k) -map_nseq; elim: (iota 0 k) => //= ? ? ->.
case sj: (s j); last first.
  by rewrite expr0 !mulr1; congr (Phi i k _ _); apply: eq_map => l; rewrite mulr1.
rewrite expr1 !mulrN1 -(oddP i j) // -map_comp; congr (Phi i k _ _).
by apply: eq_map => l /=; rewrite mulrN1.
Qed.

Lemma entrywise_tr m1 m2 (Th G : nat -> 'M[F]_(m1, m2)) Phi :
  entrywise Th G Phi -> entrywise (fun k => (Th k)^T) (fun k => (G k)^T) Phi.
Proof.
move=> e k i j; rewrite !mxE e.
by congr (Phi k _ _); apply: eq_map => l; rewrite mxE.
Qed.

Theorem fingerprints_entrywise PW PB PC Ph :
  compatible_rule PW -> (forall i, compatible_rule (PB i)) ->
  (forall i, compatible_rule (PC i)) -> (forall i, compatible_rule (Ph i)) ->
  entrywise W gW PW -> by_channel (fun k => (B k)^T) (fun k => (gB k)^T) PB ->
  by_channel C gC PC -> by_channel (fun k => (h0 k)^T) (fun k => (gh0 k)^T) Ph ->
  forall k, block_constant (W k) /\ (\rank (W k) <= r)%N.
Proof.
move=> oW oB oC oh rW rB rC rh.
have [/respectsP sW /respectsP sWt] := (block_constantP _).2 W0.
suff main k : [/\ respects (W k), respects (W k)^T, respects (B k)^T, respects (C k) &
    respects (h0 k)^T].
  move=> k; have [/respectsP cW' /respectsP cWt' _ _ _] := main k.
  by split; [apply/block_constantP | exact: leq_trans (mxrankS cW') (rank_leq_row _)].
elim/ltn_ind: k => k IH.
have sub l : (l < k)%N -> [/\ respects (gW l), respects (gW l)^T, respects (gB l)^T,
    respects (gC l) & respects (gh0 l)^T].
  move=> lk; have [/respectsP ? /respectsP ? /respectsP ? /respectsP ? /respectsP ?] := IH l lk.
  have sWl : stable fingerprints (W l) by split; rewrite mulmx_sub.
  have [|*] := @batch_sub _ _ _ _ _ _ a phi psi dphi dpsi fingerprints W B C sel M X l sWl.
    move=> m _; split=> *; rewrite ?eh0; do ?[by apply: cols_mul; rewrite ?trmxK];
    by do ?[exact: fingerprints_closed | exact: fingerprints_slope_closed].
  by split; apply/respectsP.
split.
- by apply: by_channel_respects (fun k => rW k) (fun=> oW) sW _ => l /sub[].
- by apply: by_channel_respects (fun k => entrywise_tr rW k) (fun=> oW) sWt _ => l /sub[].
- by apply: by_channel_respects rB oB B0 _ => l /sub[].
- by apply: by_channel_respects rC oC C0 _ => l /sub[].
- by apply: by_channel_respects rh oh h00 _ => l /sub[].
Qed.
End Fingerprints.

(* Adam, RMSProp, sign descent: the step is a function, odd in the first moment,
   of the exponential averages of the gradient and of its square *)
Section Adaptive.
Variables (F : fieldType) (b1 b2 : F) (step : nat -> F -> F -> F).

Definition moments (g : seq F) : F * F := foldl (fun mv y =>
  (b1 * mv.1 + (1 - b1) * y, b2 * mv.2 + (1 - b2) * y ^+ 2)) (0, 0) g.
Fixpoint adaptive k x (g : seq F) : F :=
  if k is k'.+1 then
    let: (m, v) := moments (take k g) in adaptive k' x g - step k' m v
  else x.

Lemma moments_opp g : moments [seq - y | y <- g] = (- (moments g).1, (moments g).2).
Proof.
elim/last_ind: g => [|g y IHg]; first by rewrite /= oppr0.
by rewrite map_rcons /moments !foldl_rcons -!/(moments _) IHg /= !mulrN -opprD sqrrN.
Qed.

Lemma moments_zero k : moments (nseq k 0) = (0, 0).
Proof. by elim: k => //= k IHk; rewrite /moments /= !mulr0 expr0n mulr0 !addr0. Qed.

Hypothesis odd_step : forall k m v, step k (- m) v = - step k m v.

Lemma adaptive_opp k x g : adaptive k (- x) [seq - y | y <- g] = - adaptive k x g.
Proof.
elim: k => //= k ->; rewrite -map_take moments_opp.
by case: (moments _) => m v /=; rewrite odd_step opprB opprK addrC.
Qed.

Lemma adaptive_zero k l : 2%:R != 0 :> F -> adaptive k 0 (nseq l 0) = 0.
Proof.
move=> nz2; have step0 j v : step j 0 v = 0.
  apply/eqP; have := odd_step j 0 v; rewrite oppr0 => /eqP.
  by rewrite -addr_eq0 -mulr2n -mulr_natl mulf_eq0 (negPf nz2).
have take0s i : moments (take i (nseq l 0)) = (0, 0).
  have [j ->] : exists j, take i (nseq l (0 : F)) = nseq j 0; last exact: moments_zero.
  elim: l i => [|l IHl] [|i]; try by exists 0%N.
  by have [j ej] := IHl i; exists j.+1; rewrite /= ej.
by elim: k => // k IHk; rewrite [LHS]/= IHk -/(moments _) take0s step0 subr0.
Qed.

(* so it may be used in [fingerprints_entrywise], with classes up to sign *)
Lemma adaptive_compatible n r (cls : 'I_n -> option 'I_r) s :
  2%:R != 0 :> F -> compatible_rule cls s adaptive.
Proof.
by move=> nz2; split=> *; [exact: adaptive_opp | exact: adaptive_zero].
Qed.
End Adaptive.

(* Main results: fingerprints_space fingerprints_entrywise frozen_compatible adaptive_compatible *)
