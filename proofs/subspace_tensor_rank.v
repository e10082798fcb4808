(* subspace-tensor-rank (checked by src/theorem/subspace_tensor_rank.rs)

   If the rows and columns of K matrices lie in one space of dimension d, their
   tensor has CP rank <= d min (d, K). If only the rows do, CP rank <= d K; if
   only the columns (or rows) of K slices of n columns do, CP rank <= d min (K, n). *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Subspace.
Variable F : fieldType.

Section OneSided.
Variables (m n K s : nat) (S : 'M[F]_(s, n)) (D : 'I_K -> 'M[F]_(m, n)).
Hypothesis rowsD : forall k, (D k <= S)%MS.

Theorem tensor_rank_le_rows : tensor_rank_le (\rank S * K) D.
Proof.
have := @tensor_rank_le_combinations _ _ _ K K D (fun j k => (j == k)%:R) D.
case=> [k|c [x [y eD]]]; last first.
  apply: (@tensor_rank_leW _ _ _ _ (\sum_j \rank (D j))); last by exists c, x, y.
  rewrite -[X in (_ <= _ * X)%N]card_ord mulnC -sum_nat_const.
  by apply: leq_sum => j _; rewrite mxrankS.
rewrite (bigD1 k) //= eqxx scale1r big1 ?addr0 // => j /negPf ->.
by rewrite scale0r.
Qed.
End OneSided.

Section TwoSided.
Variables (m K s : nat) (S : 'M[F]_(s, m)) (D : 'I_K -> 'M[F]_m).
Hypothesis rowsD : forall k, (D k <= S)%MS.
Hypothesis columnsD : forall k, ((D k)^T <= S)%MS.

Theorem tensor_rank_le_square : tensor_rank_le (\rank S * \rank S) D.
Proof.
set d := \rank S; pose U := row_base S.
have Y k : {Y | D k == U^T *m Y *m U}.
  apply/sigW; have [] := @two_sided _ _ _ U (D k); rewrite ?eq_row_base //.
  by move=> Y /eqP; exists Y.
have -> : (d * d)%N = #|{: 'I_d * 'I_d}| by rewrite card_prod card_ord.
apply: (@tensor_rank_le_fin _ _ _ _ _ (fun ij k => sval (Y k) ij.1 ij.2)
  (fun ij => col ij.1 U^T) (fun ij => (row ij.2 U)^T)) => k.
rewrite {1}(eqP (svalP (Y k))); move: (sval _) => Z.
rewrite -(pair_bigA _ (fun i j => Z i j *: (col i U^T *m (row j U)^T^T))) /=.
apply/matrixP=> i j; rewrite -mulmxA summxE !mxE; apply: eq_bigr => t _.
rewrite summxE !mxE mulr_sumr; apply: eq_bigr => t' _.
by rewrite !mxE big_ord1 !mxE mulrCA.
Qed.

Theorem tensor_rank_le_subspace : tensor_rank_le (\rank S * minn (\rank S) K) D.
Proof.
have [_|_] := leqP (\rank S) K; first exact: tensor_rank_le_square.
exact: tensor_rank_le_rows.
Qed.
End TwoSided.
End Subspace.

(* columns in a fixed space of dimension d: tensor rank at most d min (K, n) *)
Section Columns.
Variables (F : fieldType) (m n K r : nat) (P : 'M[F]_(m, r)).

Theorem tensor_rank_le_columns (D : 'I_K -> 'M[F]_(m, n)) :
  (forall k, ((D k)^T <= P^T)%MS) -> tensor_rank_le (\rank P * minn K n) D.
Proof.
move=> sD; have rD k : (\rank (D k) <= \rank P)%N by rewrite -mxrank_tr -(mxrank_tr P) mxrankS.
have [_|_] := leqP K n.
  have sl : tensor_rank_le (\sum_j \rank (D j)) D.
    apply: (tensor_rank_le_combinations (c := fun j k => (j == k)%:R)) => k.
    rewrite (bigD1 k) //= eqxx scale1r big1 ?addr0 // => j /negPf ->.
    by rewrite scale0r.
  apply: tensor_rank_leW sl; rewrite -[X in (_ <= _ * X)%N]card_ord mulnC -sum_nat_const.
  exact: leq_sum.
pose U := row_base P^T.
have Y k : {Y : 'M_(n, \rank P^T) | (D k)^T == Y *m U}.
  by apply/sigW; have /submxP[Y eY] : ((D k)^T <= U)%MS; [rewrite eq_row_base|exists Y; apply/eqP].
have -> : (\rank P * n)%N = #|{: 'I_(\rank P^T) * 'I_n}| by rewrite card_prod !card_ord mxrank_tr.
apply: (@tensor_rank_le_fin _ _ _ _ _ (fun sj k => sval (Y k) sj.2 sj.1)
  (fun sj => (row sj.1 U)^T) (fun sj => delta_mx sj.2 0)) => k.
transitivity ((sval (Y k) *m U)^T); first by rewrite -(eqP (svalP (Y k))) trmxK.
move: (sval _) => Z.
rewrite -(pair_bigA _ (fun s j => Z j s *: ((row s U)^T *m (delta_mx j 0)^T))) /=.
apply/matrixP=> i j; rewrite mxE mxE summxE; apply: eq_bigr => s _.
rewrite summxE (bigD1 j) //= big1 ?addr0 => [|j' /negPf nj]; last first.
  by rewrite !mxE big_ord1 !mxE eq_sym nj !mulr0.
by rewrite !mxE big_ord1 !mxE !eqxx mulr1.
Qed.
End Columns.

(* Main results: tensor_rank_le_subspace tensor_rank_le_rows tensor_rank_le_columns *)
