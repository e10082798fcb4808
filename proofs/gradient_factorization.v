(* gradient-factorization (checked by src/theorem/gradient_factorization.rs)

   The gradient with respect to W is G = Lambda Phi^T, Lambda the back-propagated
   errors delta_t and Phi the activity psi(h_t), one column for each trial and
   time. So rank G <= min (rank Lambda, rank Phi) <= min (N, number of columns),
   for any network, any activation, any loss.

     columns T l           the matrix [l 0 .. l (T-1)]
     batch_columns T l     the blocks [l m 0 .. l m (T m - 1)] of all trials m   *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition columns (R : ringType) n T (l : nat -> 'cV[R]_n) : 'M[R]_(n, T) :=
  \matrix_(i, t) l t i 0.

Lemma sum_outer (R : ringType) m n T (l : nat -> 'cV[R]_m) (h : nat -> 'cV[R]_n) :
  \sum_(t < T) l t *m (h t)^T = columns T l *m (columns T h)^T.
Proof.
apply/matrixP=> i j; rewrite summxE !mxE; apply: eq_bigr => t _.
by rewrite !mxE big_ord1 !mxE.
Qed.

Section Field.
Variable F : fieldType.

(* the columns of all trials, as the rows of one matrix *)
Definition batch_columns n M (T : 'I_M -> nat) (l : 'I_M -> nat -> 'cV[F]_n) : 'M[F]_n :=
  (\sum_m <<(columns (T m) (l m))^T>>)%MS.

Theorem rank_sum_outer m n T (l : nat -> 'cV[F]_m) (h : nat -> 'cV[F]_n) :
  (\rank (\sum_(t < T) l t *m (h t)^T)%R <=
     minn (\rank (columns T l)) (\rank (columns T h)))%N.
Proof.
by rewrite sum_outer leq_min mxrankM_maxl -[\rank (columns T h)]mxrank_tr mxrankM_maxr.
Qed.

Variables (n p q : nat) (a : F) (phi psi dphi dpsi : F -> F).
Variables (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Local Notation gradW := (gradW a phi psi dphi dpsi W B C).
Local Notation delta := (delta a phi psi dphi dpsi W B C).
Local Notation rate := (rate a phi psi W B).

Theorem gradient_factors x :
  gradW x = a *: (columns (tT x) (delta x) *m (columns (tT x) (rate x))^T).
Proof. by rewrite -sum_outer. Qed.

Theorem rank_gradient x : (\rank (gradW x) <=
  minn (\rank (columns (tT x) (delta x))) (\rank (columns (tT x) (rate x))))%N.
Proof. exact: leq_trans (mxrank_scale _ _) (rank_sum_outer _ _ _). Qed.

(* any number of trials *)
Variables (M : nat) (X : 'I_M -> trial F n p q).
Let Lambda := batch_columns (fun m => tT (X m)) (fun m => delta (X m)).
Let Phi := batch_columns (fun m => tT (X m)) (fun m => rate (X m)).

Theorem batch_gradient_sub :
  ((\sum_m gradW (X m))%R <= Phi)%MS /\ ((\sum_m gradW (X m))%R^T <= Lambda)%MS.
Proof.
split.
  rewrite summx_sub // => m _; rewrite (sumsmx_sup m) // genmxE gradient_factors.
  by rewrite scalemx_sub // submxMl.
apply: cols_sum => m _; rewrite (sumsmx_sup m) // genmxE gradient_factors.
by apply: colsZ; rewrite trmx_mul submxMl.
Qed.

Theorem rank_batch_gradient :
  (\rank (\sum_m gradW (X m))%R <= minn (\rank Lambda) (\rank Phi))%N.
Proof.
have [/mxrankS rG /mxrankS rGt] := batch_gradient_sub.
by rewrite leq_min rG -{1}(mxrank_tr (\sum_m _)) rGt.
Qed.

Theorem rank_batch_gradient_count :
  (\rank (\sum_m gradW (X m))%R <= minn n (\sum_m tT (X m)))%N.
Proof.
rewrite leq_min rank_leq_row; apply: leq_trans (mxrank_sum _ _ _) _; apply: leq_sum => m _.
by apply: leq_trans (rank_gradient _) _; rewrite geq_min rank_leq_col.
Qed.
End Field.

(* Main results: gradient_factors rank_gradient rank_batch_gradient rank_batch_gradient_count *)
