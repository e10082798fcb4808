(* tensor-telescoping (checked by src/theorem/tensor_telescoping.rs)

   Under a GD-like optimizer D_k = W_k - c_k W_0 is a combination of the gradients
   so far. So, for any network and loss,
     CP rank (D_0 .. D_K) <= sum_j rank G_j,
     r3 <= min (K, dim span of the G_j),
     r1 <= dimension of the sum of the column spaces of the G_j (the errors),
     r2 <= dimension of the sum of their row spaces (the activity).
   r1 and r2 are the ranks of the slices beside and above each other.

     increments c0 W K      the slices W_k - c_k W_0, k = 0 .. K
     slice_rows D           the sum of the row spaces of the slices (rank r2)   *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Telescoping.
Variables (F : fieldType) (m n : nat) (c0 : nat -> F) (W G : nat -> 'M[F]_(m, n)) (K : nat).
Hypothesis span : gd_like c0 W G.

Definition increments (k : 'I_K.+1) := W k - c0 k *: W 0%N.
Definition slice_rows m' n' (D : 'I_K.+1 -> 'M[F]_(m', n')) : 'M[F]_n' := (\sum_k <<D k>>)%MS.

Lemma increments_combination (k : 'I_K.+1) :
  exists c : {ffun 'I_K -> F}, increments k = \sum_j c j *: G j.
Proof.
have [c eW] := span k; exists [ffun j : 'I_K => if (j < k)%N then c j else 0].
rewrite /increments {1}eW addrC addKr.
rewrite (big_ord_widen K (fun j => c j *: G j) (ltn_ord k : (k <= K)%N)).
by rewrite big_mkcond; apply: eq_bigr => j _; rewrite ffunE; case: ifP => // _; rewrite scale0r.
Qed.

Theorem tensor_telescoping : tensor_rank_le (\sum_(j < K) \rank (G j)) increments.
Proof.
have c (k : 'I_K.+1) : {c : {ffun 'I_K -> F} | increments k == \sum_j c j *: G j}.
  by apply/sigW; have [c ec] := increments_combination k; exists c; apply/eqP.
apply: (@tensor_rank_le_combinations _ _ _ _ K (fun j => G j) (fun j k => sval (c k) j)) => k.
exact/eqP/(svalP (c k)).
Qed.

(* r3 *)
Theorem rank_unfolding_increments :
  (\rank (unfolding increments) <= minn K (\rank (unfolding (fun j : 'I_K => G j))))%N.
Proof.
have sub : (unfolding increments <= unfolding (fun j : 'I_K => G j))%MS.
  apply/row_subP => k; rewrite rowK; have [c ->] := increments_combination k.
  rewrite linear_sum summx_sub // => j _; rewrite linearZ scalemx_sub //.
  by have := row_sub j (unfolding (fun j : 'I_K => G j)); rewrite rowK.
by rewrite leq_min (leq_trans (mxrankS sub)) ?rank_leq_row ?mxrankS.
Qed.

(* r2 and r1 *)
Theorem rank_slice_rows : (\rank (slice_rows increments) <= \rank (row_span G K))%N.
Proof.
apply/mxrankS/sumsmx_subP => k _; rewrite genmxE.
have [sD _] := gd_like_spectral span k; apply: submx_trans sD _.
by apply: row_spanW; rewrite -ltnS.
Qed.

Theorem rank_slice_columns :
  (\rank (slice_rows (fun k => (increments k)^T)) <= \rank (row_span (tr_seq G) K))%N.
Proof.
apply/mxrankS/sumsmx_subP => k _; rewrite genmxE.
have [_ sDt] := gd_like_spectral span k; apply: submx_trans sDt _.
by apply: row_spanW; rewrite -ltnS.
Qed.
End Telescoping.

(* Main results: tensor_telescoping rank_unfolding_increments rank_slice_rows rank_slice_columns *)
