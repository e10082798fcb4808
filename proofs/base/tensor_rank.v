(* Tensor (CP) rank of a family of matrices D_0 .. D_{K-1}, and its unfoldings.

     tensor_rank_le r D      the tensor (D k)_{ij} is a sum of r tensors
                             c_k x_i y_j of rank one
     unfolding D             the K x (m n) matrix of the slices: its rank is r3
     rank_combination_le     a combination of the slices has at most that rank
     rank_unfolding_le       r3 <= tensor rank                                 *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Tensor.
Variable F : fieldType.

(* the third-order tensor (D k)_{ij}, k < K, is a sum of r rank-one tensors *)
Definition tensor_rank_le m n K (r : nat) (D : 'I_K -> 'M[F]_(m, n)) : Prop :=
  exists (c : 'I_r -> 'I_K -> F) (x : 'I_r -> 'cV[F]_m) (y : 'I_r -> 'cV[F]_n),
    forall k, D k = \sum_(s < r) c s k *: (x s *m (y s)^T).

Section Fam.
Variables (m n K : nat).
Implicit Types D E : 'I_K -> 'M[F]_(m, n).

(* any finite index type will do *)
Lemma tensor_rank_le_fin (I : finType) (c : I -> 'I_K -> F) (x : I -> 'cV[F]_m)
    (y : I -> 'cV[F]_n) D :
  (forall k, D k = \sum_i c i k *: (x i *m (y i)^T)) -> tensor_rank_le #|I| D.
Proof.
move=> eD; exists (c \o enum_val), (x \o enum_val), (y \o enum_val) => k.
by rewrite eD (reindex (@enum_val I predT)) //; apply/onW_bij/enum_val_bij.
Qed.

Lemma tensor_rank_le_zero D : (forall k, D k = 0) -> tensor_rank_le 0 D.
Proof. by move=> D0; exists (fun _ _ => 0), (fun=> 0), (fun=> 0) => k; rewrite big_ord0. Qed.

Lemma tensor_rank_leD r s D E : tensor_rank_le r D -> tensor_rank_le s E ->
  tensor_rank_le (r + s) (fun k => D k + E k).
Proof.
move=> [c [x [y eD]]] [d [z [t eE]]].
pose pick T (f : 'I_r -> T) (g : 'I_s -> T) (i : 'I_(r + s)) :=
  match split i with inl j => f j | inr j => g j end.
exists (pick _ c d), (pick _ x z), (pick _ y t) => k; rewrite big_split_ord eD eE /=.
congr (_ + _); apply: eq_bigr => i _; rewrite /pick.
  by rewrite (unsplitK (inl i)).
by rewrite (unsplitK (inr i)).
Qed.

Lemma tensor_rank_le_ext r D E : D =1 E -> tensor_rank_le r D -> tensor_rank_le r E.
Proof. by move=> eDE [c [x [y eD]]]; exists c, x, y => k; rewrite -eDE. Qed.

Lemma tensor_rank_leW r s D : (r <= s)%N -> tensor_rank_le r D -> tensor_rank_le s D.
Proof.
move=> le_rs rD; rewrite -(subnKC le_rs).
have r0 : tensor_rank_le (s - r) (fun _ : 'I_K => 0 : 'M[F]_(m, n)).
  exists (fun _ _ => 0), (fun=> 0), (fun=> 0) => k.
  by rewrite big1 // => i _; rewrite scale0r.
by apply: tensor_rank_le_ext (tensor_rank_leD rD r0) => k; rewrite addr0.
Qed.

Lemma tensor_rank_le_sum J (r : 'I_J -> nat) (D : 'I_J -> 'I_K -> 'M[F]_(m, n)) :
  (forall j, tensor_rank_le (r j) (D j)) ->
  tensor_rank_le (\sum_j r j) (fun k => \sum_j D j k).
Proof.
elim: J r D => [|J IHJ] r D rD.
  by rewrite big_ord0; apply: tensor_rank_le_zero => k; rewrite big_ord0.
rewrite big_ord_recr /=.
apply: (@tensor_rank_le_ext _ (fun k => \sum_(j < J) D (widen_ord (leqnSn J) j) k + D ord_max k)).
  by move=> k; rewrite big_ord_recr.
apply: tensor_rank_leD => //.
exact: (IHJ (fun j => r (widen_ord _ j)) (fun j => D (widen_ord _ j))).
Qed.

(* a matrix of rank r times a scalar profile *)
Lemma tensor_rank_le_scale (G : 'M[F]_(m, n)) (c : 'I_K -> F) :
  tensor_rank_le (\rank G) (fun k => c k *: G).
Proof.
exists (fun _ => c), (fun s => col s (col_base G)), (fun s => (row s (row_base G))^T) => k.
rewrite -scaler_sumr; congr (_ *: _); rewrite -{1}(mulmx_base G).
by apply/matrixP=> i j; rewrite summxE !mxE; apply: eq_bigr => s _; rewrite !mxE big_ord1 !mxE.
Qed.

Theorem tensor_rank_le_combinations J (G : 'I_J -> 'M[F]_(m, n)) (c : 'I_J -> 'I_K -> F) D :
  (forall k, D k = \sum_j c j k *: G j) -> tensor_rank_le (\sum_j \rank (G j)) D.
Proof.
move=> eD; apply: (@tensor_rank_le_ext _ (fun k => \sum_j c j k *: G j)).
  by move=> k; rewrite eD.
exact: (tensor_rank_le_sum (fun j => tensor_rank_le_scale (G j) (c j))).
Qed.

Definition unfolding D : 'M[F]_(K, m * n) := \matrix_k mxvec (D k).

(* the tensor rank bounds the rank of every combination of the slices *)
Theorem rank_combination_le r D (c : 'I_K -> F) :
  tensor_rank_le r D -> (\rank (\sum_k c k *: D k)%R <= r)%N.
Proof.
move=> [d [x [y eD]]].
pose L := \matrix_(i < m, s < r) ((\sum_k c k * d s k) * x s i 0).
pose H := \matrix_(s < r, j < n) y s j 0.
suff -> : \sum_k c k *: D k = L *m H by rewrite (leq_trans (mxrankM_maxl _ _)) ?rank_leq_col.
under eq_bigr do rewrite eD scaler_sumr.
rewrite exchange_big; apply/matrixP=> i j; rewrite summxE !mxE; apply: eq_bigr => s _ /=.
rewrite !mxE -mulrA mulr_suml summxE; apply: eq_bigr => k _.
by rewrite !mxE big_ord1 !mxE mulrA.
Qed.

(* and the rank of the K x (m n) unfolding *)
Theorem rank_unfolding_le r D :
  tensor_rank_le r D -> (\rank (unfolding D) <= r)%N.
Proof.
move=> [d [x [y eD]]].
suff -> : unfolding D =
    (\matrix_(k, s) d s k) *m (\matrix_s mxvec (x s *m (y s)^T)).
  by rewrite (leq_trans (mxrankM_maxl _ _)) ?rank_leq_col.
apply/row_matrixP=> k; rewrite rowK eD raddf_sum row_mul mulmx_sum_row.
by apply: eq_bigr => s _; rewrite rowK !mxE [LHS]linearZ.
Qed.
End Fam.

(* for one slice the tensor rank is the matrix rank *)
Theorem tensor_rank_le_one_slice m n (G : 'M[F]_(m, n)) r : tensor_rank_le r (fun _ : 'I_1 => G) <-> (\rank G <= r)%N.
Proof.
split=> [rG|le_r].
  by have := rank_combination_le (fun=> 1) rG; rewrite big_ord1 scale1r.
apply: tensor_rank_leW le_r _; apply: tensor_rank_le_ext (tensor_rank_le_scale G (fun=> 1)) => k.
by rewrite scale1r.
Qed.

(* a first slice that vanishes does not count *)
Lemma tensor_rank_le_lift m n K r (D : 'I_K.+1 -> 'M[F]_(m, n)) :
  D ord0 = 0 -> tensor_rank_le r (fun k : 'I_K => D (lift ord0 k)) -> tensor_rank_le r D.
Proof.
move=> D0 [c [x [y eD]]].
exists (fun s k => if unlift ord0 k is Some k' then c s k' else 0), x, y => k.
case: unliftP => [k' ->|->]; first exact: eD.
by rewrite D0 big1 // => s _; rewrite scale0r.
Qed.
End Tensor.

(* Main results: rank_unfolding_le rank_combination_le tensor_rank_le_one_slice *)
