(* broadcast-error (checked by src/theorem/broadcast_error.rs)

   The local rule W_{k+1} = W_k - eta sum (P e_t) z_t^T with a fixed P: the columns
   of D_k lie in the column space of P, so rank D_k <= rank P <= q and CP rank <=
   rank P * min (K, N), for any network, any errors e and any vectors z.

     broadcast_update     sum over trials and times of (P e) z^T               *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
From RankProof Require Import subspace_tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Broadcast.
Variables (F : fieldType) (m n q : nat) (P : 'M[F]_(m, q)).
Variables (M : nat -> nat) (T : nat -> nat -> nat).
Variables (e : nat -> nat -> nat -> 'cV[F]_q) (z : nat -> nat -> nat -> 'cV[F]_n).
Definition broadcast_update k := \sum_(i < M k) \sum_(t < T k i) (P *m e k i t) *m (z k i t)^T.

(* GD-like or spectral optimizers *)
Theorem broadcast_span (c0 : nat -> F) (W : nat -> 'M[F]_(m, n)) k :
  spectral c0 W broadcast_update -> let D := W k - c0 k *: W 0%N in
  (D^T <= P^T)%MS /\ (\rank D <= \rank P)%N.
Proof.
move=> rW; have [/= _ sDt] := rW k.
have sD : ((W k - c0 k *: W 0%N)^T <= P^T)%MS.
  apply: submx_trans sDt _; apply: row_span_sub => j _; apply: cols_sum => i _.
  by apply: cols_sum => t _; rewrite -mulmxA; apply: cols_mul.
by split=> //=; rewrite -mxrank_tr -(mxrank_tr P) mxrankS.
Qed.

Theorem broadcast_tensor_rank (c0 : nat -> F) (W : nat -> 'M[F]_(m, n)) K :
  spectral c0 W broadcast_update ->
  tensor_rank_le (\rank P * minn K n) (fun k : 'I_K.+1 => W k - c0 k *: W 0%N).
Proof.
move=> rW; apply: tensor_rank_le_lift.
  have [sD _] := rW 0%N; move: sD; rewrite row_span0 submx0 /= => /eqP; exact.
by apply: tensor_rank_le_columns => k; have [] := broadcast_span (lift ord0 k) rW.
Qed.

(* plain descent *)
Theorem broadcast_rank (eta : nat -> F) (W : nat -> 'M[F]_(m, n)) K :
  (forall k, W k.+1 = W k - eta k *: broadcast_update k) ->
  [/\ forall k, ((W k - W 0%N)^T <= P^T)%MS,
      forall k, (\rank (W k - W 0%N)%R <= \rank P)%N /\ (\rank P <= q)%N &
      tensor_rank_le (\rank P * minn K n) (fun k : 'I_K.+1 => W k - W 0%N)].
Proof.
move=> gd; have main k := broadcast_span k (gd_like_spectral (gradient_descent_gd_like gd)).
have sD k : ((W k - W 0%N)^T <= P^T)%MS by have [/=] := main k; rewrite scale1r.
split=> // [k|].
  by split; [have [_ /=] := main k; rewrite scale1r | exact: rank_leq_col].
by apply: tensor_rank_le_lift; [rewrite subrr | apply: tensor_rank_le_columns].
Qed.
End Broadcast.

(* Main results: broadcast_span broadcast_tensor_rank broadcast_rank *)
