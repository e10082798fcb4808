(* feedback-alignment (checked by src/theorem/feedback_alignment.rs)

   Feedback alignment through time: the errors go back through fixed matrices, P in the
   place of C^T and Y in that of W,
     l_T = P e_T,  l_t = P e_t + (1-a) l_{t+1} + a Y^T l_{t+1},  U = a sum_t l_{t+1} z_t^T,
   for any vectors z_t (activity) and errors e_t, so for any network. With A = (1-a) I + a Y
   the columns of every D_k lie in the span of (A^T)^i P, i < T, fixed before learning:
     rank D_k <= T rank P for all k, (T - 1) rank P if z_0 = 0,
   and CP rank <= that times min (K, N). broadcast-error is Y = 0, a = 1: there are no
   powers, and rank D_k <= rank P.

     feedback_update k    U of step k, summed over its trials
     feedback_space d     the span of (A^T)^i P, i < d                            *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
From RankProof Require Import krylov_decay subspace_tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Feedback.
Variables (F : fieldType) (n p q : nat) (a : F) (Y : 'M[F]_n) (P : 'M[F]_(n, q)) (T : nat).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q) (z : nat -> nat -> nat -> 'cV[F]_n).
Hypothesis leT : forall k m, (m < M k)%N -> (tT (X k m) <= T)%N.

(* l_t is the adjoint of a network with the weights Y and the outputs P^T *)
Definition feedback_update k := \sum_(m < M k)
  a *: \sum_(t < tT (X k m)) ladj a Y (0 : 'M_(n, p)) P^T (X k m) t.+1 *m (z k m t)^T.
Definition feedback_space d := krylov (step_matrix a Y) P^T d.

Lemma rank_feedback_space d : (\rank (feedback_space d) <= d * \rank P)%N.
Proof.
rewrite /feedback_space /krylov -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
elim/big_rec2: _ => [|i r D _ IH]; first by rewrite mxrank0.
apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
by rewrite -(mxrank_tr P) mxrankM_maxl.
Qed.

Lemma feedback_sub d k :
  (forall m t, (m < M k)%N -> (t < tT (X k m))%N -> (tT (X k m) - t <= d)%N \/ z k m t = 0) ->
  ((feedback_update k)^T <= feedback_space d)%MS.
Proof.
move=> seen; apply: cols_sum => m _; apply: colsZ; apply: cols_sum => t _.
have [le|->] := seen m t (ltn_ord m) (ltn_ord t); last by rewrite trmx0 mulmx0 trmx0 sub0mx.
apply: cols_mul; apply: submx_trans (krylov_adj a Y 0 P^T (ltn_ord t)) _; apply: krylovW.
by rewrite subnSK.
Qed.

Section Learning.
Variables (c0 : nat -> F) (W : nat -> 'M[F]_n) (d : nat).
Hypothesis rW : spectral c0 W feedback_update.
Hypothesis seen : d = T \/ d = T.-1 /\ forall k m, z k m 0%N = 0.

Theorem feedback_alignment k (D := W k - c0 k *: W 0%N) :
  (D^T <= feedback_space d)%MS /\ (\rank D <= d * \rank P)%N.
Proof.
have sD : (D^T <= feedback_space d)%MS.
  have [_ sDt] := rW k; apply: submx_trans sDt _; apply: row_span_sub => j _.
  apply: feedback_sub => m t mM lt.
  have le : (tT (X j m) - t <= T - t)%N by rewrite leq_sub2r ?leT.
  case: seen => [->|[-> z0]]; first by left; apply: leq_trans le (leq_subr _ _).
  case: t lt le => [|t] lt le; [by right | left].
  by rewrite (leq_trans le) // -subn1 leq_sub2l.
by split=> //; rewrite -mxrank_tr (leq_trans (mxrankS sD)) ?rank_feedback_space.
Qed.

Theorem feedback_tensor_rank K :
  tensor_rank_le (d * \rank P * minn K n) (fun k : 'I_K.+1 => W k - c0 k *: W 0%N).
Proof.
apply: tensor_rank_le_lift.
  have [sD _] := rW 0%N; move: sD; rewrite row_span0 submx0 /= => /eqP; exact.
apply: (@tensor_rank_leW _ _ _ _ (\rank (feedback_space d)^T * minn K n)).
  by rewrite leq_mul2r mxrank_tr rank_feedback_space orbT.
apply: tensor_rank_le_columns => k; rewrite trmxK.
by have [] := feedback_alignment (lift ord0 k).
Qed.
End Learning.
End Feedback.

(* broadcast-error: no transport *)
Theorem broadcast_feedback (F : fieldType) n p q (P : 'M[F]_(n, q)) (M : nat -> nat)
    (X : nat -> nat -> trial F n p q) (z : nat -> nat -> nat -> 'cV[F]_n) (c0 : nat -> F) W k :
  spectral c0 W (feedback_update 1 0 P M X z) ->
  (\rank (W k - c0 k *: W 0%N)%R <= \rank P)%N.
Proof.
move=> rW; have [_ sDt] := rW k; rewrite -mxrank_tr -(mxrank_tr P); apply: mxrankS.
apply: submx_trans sDt _; apply: row_span_sub => j _.
apply: cols_sum => m _; apply: colsZ; apply: cols_sum => -[t tT] _ /=; apply: cols_mul.
move: tT; rewrite leq_eqVlt => /predU1P[->|tT]; first by rewrite ladjT trmxK; apply: cols_mul.
by rewrite ladjS // subrr scale0r trmx0 mul0mx scaler0 !addr0 trmxK; apply: cols_mul.
Qed.

(* Main results: feedback_alignment feedback_tensor_rank broadcast_feedback *)
