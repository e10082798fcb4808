(* Spaces of rows and of columns, in the style of mxalgebra: the rows of S span
   a space; a column vector v lies in it when (v^T <= S)%MS, a matrix D has its
   rows in it when (D <= S)%MS and its columns in it when (D^T <= S)%MS.

     row_span G k   the sum of the row spaces of G 0 .. G (k-1)
     tr_seq G       the transposed matrices
     stable S W     W and W^T map the space S into itself
     two_sided      rows and columns in S: D = S^T Y S                         *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Columns.
Variables (F : fieldType) (n s : nat) (S : 'M[F]_(s, n)).

Lemma colsD m (A B : 'M[F]_(n, m)) :
  (A^T <= S)%MS -> (B^T <= S)%MS -> ((A + B)^T <= S)%MS.
Proof. by move=> sA sB; rewrite linearD addmx_sub. Qed.

Lemma colsZ m c (A : 'M[F]_(n, m)) : (A^T <= S)%MS -> ((c *: A)^T <= S)%MS.
Proof. by move=> sA; rewrite linearZ scalemx_sub. Qed.

Lemma cols_mul m r (A : 'M[F]_(n, m)) (B : 'M[F]_(m, r)) :
  (A^T <= S)%MS -> ((A *m B)^T <= S)%MS.
Proof. by move=> sA; rewrite trmx_mul mulmx_sub. Qed.

Lemma cols_sum (I : Type) (r : seq I) (P : pred I) m (A : I -> 'M[F]_(n, m)) :
  (forall i, P i -> ((A i)^T <= S)%MS) -> ((\sum_(i <- r | P i) A i)^T <= S)%MS.
Proof.
move=> sA; elim/big_rec: _ => [|i A' Pi sA']; first by rewrite trmx0 sub0mx.
exact: colsD (sA i Pi) sA'.
Qed.

Lemma cols_stable m (M : 'M[F]_n) (A : 'M[F]_(n, m)) :
  (S *m M^T <= S)%MS -> (A^T <= S)%MS -> ((M *m A)^T <= S)%MS.
Proof. by move=> sM sA; rewrite trmx_mul (submx_trans (submxMr _ sA)). Qed.

Lemma sum_two_sided (I : Type) (r : seq I) (P : pred I) (A : I -> 'M[F]_n) :
  (forall i, P i -> (A i <= S)%MS /\ ((A i)^T <= S)%MS) ->
  ((\sum_(i <- r | P i) A i)%R <= S)%MS /\ ((\sum_(i <- r | P i) A i)%R^T <= S)%MS.
Proof.
by move=> sA; split; [rewrite summx_sub // => i /sA[] | rewrite cols_sum // => i /sA[]].
Qed.

Definition stable (W : 'M[F]_n) := (S *m W^T <= S)%MS /\ (S *m W <= S)%MS.

Lemma stable_scalar w : stable w%:M.
Proof. by split; rewrite ?tr_scalar_mx stablemxC. Qed.

Lemma two_sided (D : 'M[F]_n) :
  (D <= S)%MS -> (D^T <= S)%MS -> exists Y, D = S^T *m Y *m S.
Proof.
move=> sD /submxP[Z eZ]; exists (Z^T *m pinvmx S).
by rewrite mulmxA -trmx_mul -eZ trmxK mulmxKpV.
Qed.
End Columns.

Section RowSpan.
Variable F : fieldType.

Lemma mxrank_sum (I : Type) (r : seq I) (P : pred I) m1 m2 (A : I -> 'M[F]_(m1, m2)) :
  (\rank (\sum_(i <- r | P i) A i)%R <= \sum_(i <- r | P i) \rank (A i))%N.
Proof.
elim/big_ind2: _ => // [|M1 r1 M2 r2 le1 le2]; first by rewrite mxrank0.
exact: leq_trans (mxrank_add _ _) (leq_add le1 le2).
Qed.

Definition row_span m1 m2 (G : nat -> 'M[F]_(m1, m2)) k : 'M[F]_m2 := (\sum_(j < k) <<G j>>)%MS.
Definition tr_seq m1 m2 (G : nat -> 'M[F]_(m1, m2)) k := (G k)^T.

Lemma sub_row_span m1 m2 (G : nat -> 'M[F]_(m1, m2)) j k :
  (j < k)%N -> (G j <= row_span G k)%MS.
Proof. by move=> jk; apply: (sumsmx_sup (Ordinal jk)); rewrite // genmxE. Qed.

Lemma row_span_sub m1 m2 (G : nat -> 'M[F]_(m1, m2)) k s (S : 'M[F]_(s, m2)) :
  (forall j, (j < k)%N -> (G j <= S)%MS) -> (row_span G k <= S)%MS.
Proof. by move=> sG; apply/sumsmx_subP => j _; rewrite genmxE sG. Qed.

Lemma row_spanW m1 m2 (G : nat -> 'M[F]_(m1, m2)) k l :
  (k <= l)%N -> (row_span G k <= row_span G l)%MS.
Proof. by move=> kl; apply: row_span_sub => j jk; rewrite sub_row_span // (leq_trans jk). Qed.

Lemma row_span0 m1 m2 (G : nat -> 'M[F]_(m1, m2)) : row_span G 0 = 0.
Proof. by rewrite /row_span big_ord0. Qed.

Lemma row_spanS m1 m2 (G : nat -> 'M[F]_(m1, m2)) k :
  row_span G k.+1 = (row_span G k + <<G k>>)%MS.
Proof. by rewrite /row_span big_ord_recr. Qed.

Lemma tr_seqK m1 m2 (G : nat -> 'M[F]_(m1, m2)) k : row_span (tr_seq (tr_seq G)) k = row_span G k.
Proof. by apply: eq_bigr => j _; rewrite /tr_seq trmxK. Qed.
End RowSpan.
