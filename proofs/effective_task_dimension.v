(* effective-task-dimension (checked by src/theorem/effective_task_dimension.rs)

   Linear networks, squared loss, W_0 = w I, C C^T = I. If the driven inputs B u_t
   and the initial states lie in a space U of dimension r_u and the targets in a
   space Y of dimension r_y, the rows and columns of D_k lie in
   U + C^T C U + C^T Y, so rank D_k <= min (2 r_u + r_y, r_u + q), whatever the
   numbers of channels and neurons. The errors are e_t = kappa_t C h_t - y_t with
   any weights (masks) kappa. Without C C^T = I: [task_invariant], for any space
   that C^T C keeps. That case is not bounded by 2 r_u + r_y: counterexamples.v. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Task.
Variables (F : fieldType) (n p q : nat) (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n).
Variables (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Variables (kappa : nat -> nat -> nat -> F) (y : nat -> nat -> nat -> 'cV[F]_q).
Let G k := \sum_(m < M k) lgradW a (W k) B C (X k m).
Hypothesis squared : forall k m t,
  te (X k m) t = kappa k m t *: (C *m lhid a (W k) B (X k m) t) - y k m t.

(* S contains the driven inputs, the back-projected targets, the initial states,
   and is stable under C^T C and W_0 *)
Theorem task_invariant s (S : 'M[F]_(s, n)) :
  keeps_space S c0 W G -> stable S (W 0%N) -> (S *m (C^T *m C) <= S)%MS ->
  (forall k m, ((th0 (X k m))^T <= S)%MS) ->
  (forall k m t, ((B *m tu (X k m) t)^T <= S)%MS) ->
  (forall k m t, ((C^T *m y k m t)^T <= S)%MS) ->
  forall k, let D := W k - c0 k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= \rank S)%N].
Proof.
move=> rW sW sCC sh su sy k D.
suff [sD sDt] : (D <= S)%MS /\ (D^T <= S)%MS by rewrite mxrankS.
apply: (visited_invariantW rW sW (K := k)) => // j jk sWj; apply: sum_two_sided => m _.
apply: gradW_sub sWj; apply: linear_visited_inside => [|t _|t _ sht] //.
rewrite squared mulmxBr -scalemxAr mulmxA linearB /= addmx_sub ?eqmx_opp //.
by rewrite colsZ // cols_stable // trmx_mul trmxK.
Qed.

(* C with orthonormal rows, inputs B u in a space U, targets y in a space Y *)
Theorem effective_task_dimension ru ry (U : 'M[F]_(ru, n)) (Y : 'M[F]_(ry, q)) w
    (S := (U + U *m (C^T *m C) + Y *m C)%MS) :
  spectral c0 W G -> W 0%N = w%:M -> C *m C^T = 1%:M ->
  (forall k m, ((th0 (X k m))^T <= U)%MS) ->
  (forall k m t, ((B *m tu (X k m) t)^T <= U)%MS) ->
  (forall k m t, ((y k m t)^T <= Y)%MS) ->
  forall k, let D := W k - c0 k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS &
      (\rank D <= minn (2 * \rank U + \rank Y) (\rank U + q))%N].
Proof.
move=> rW W0 orth sh su sy k.
have US : (U <= S)%MS := submx_trans (addsmxSl _ _) (addsmxSl _ _).
have UCS : (U *m (C^T *m C) <= S)%MS := submx_trans (addsmxSr _ _) (addsmxSl _ _).
have YS : (Y *m C <= S)%MS by rewrite addsmxSr.
have CCC : C^T *m C *m (C^T *m C) = C^T *m C by rewrite mulmxA -(mulmxA C^T) orth mulmx1.
have [||k' m|k' m t|k' m t|sD sDt rD] := task_invariant (S := S) (spectral_keeps_space rW) _ _ _ _ _ k.
- by rewrite W0; apply: stable_scalar.
- rewrite {1}/S addsmxMr addsmx_sub addsmxMr addsmx_sub UCS -mulmxA CCC UCS /=.
  by rewrite -mulmxA (mulmxA C) orth mul1mx.
- exact: submx_trans (sh k' m) US.
- exact: submx_trans (su k' m t) US.
- by rewrite trmx_mul trmxK (submx_trans (submxMr _ (sy k' m t))).
split=> //; rewrite leq_min; apply/andP; split; apply: leq_trans rD _.
  rewrite mul2n -addnn.
  apply: leq_trans (mxrank_adds_leqif _ _) _; apply: leq_add; last exact: mxrankM_maxl.
  by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add2l mxrankM_maxl.
have sUC : (S <= U + C)%MS.
  by rewrite !addsmx_sub addsmxSl mulmxA !(submx_trans (submxMl _ C)) ?addsmxSr.
apply: leq_trans (mxrankS sUC) (leq_trans (mxrank_adds_leqif _ _) _).
by rewrite leq_add2l rank_leq_row.
Qed.
End Task.

(* Main results: task_invariant effective_task_dimension *)
