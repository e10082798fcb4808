(* starts with few eigenvalues (goes with low-rank-initialization and invariant-subspace)

   Linear networks, W_0 = sum_i lambda_i P_i with orthogonal projections P_i that add up to I:
   a symmetric W_0 with r distinct eigenvalues. Let Z be the rows of B^T, C and h_0^T. Rows
   and columns of D_k lie in the sum of the projections of their span on the eigenspaces:
     rank D_k <= sum_i rank Z P_i <= r (p + q + number of initial states),
   with everything trained. w I is r = 1, and w I + P Q^T symmetric of rank h has r <= h + 1.

     eigen_space        the sum of the row spaces of the Z P_i                   *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
From RankProof Require Import invariant_subspace.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Eigenspaces.
Variables (F : fieldType) (n r : nat) (P : 'I_r -> 'M[F]_n) (lam : 'I_r -> F).
Hypotheses (sym : forall i, (P i)^T = P i) (all_of_it : \sum_i P i = 1%:M).
Hypothesis orthogonal : forall i j, P i *m P j = if i == j then P i else 0.

Section Space.
Variables (z : nat) (Z : 'M[F]_(z, n)).
Definition eigen_space : 'M[F]_n := (\sum_i <<Z *m P i>>)%MS.

Lemma eigen_sources : (Z <= eigen_space)%MS.
Proof.
rewrite -[Z]mulmx1 -all_of_it mulmx_sumr summx_sub // => i _.
by rewrite (sumsmx_sup i) // genmxE.
Qed.

Lemma eigen_stable : stable eigen_space (\sum_i lam i *: P i).
Proof.
have keep i : (eigen_space *m P i <= eigen_space)%MS.
  rewrite {1}/eigen_space sumsmxMr; apply/sumsmx_subP => j _.
  rewrite (eqmxMr _ (genmxE _)) -mulmxA orthogonal; case: eqP => [->|_].
    by rewrite (sumsmx_sup i) // genmxE.
  by rewrite mulmx0 sub0mx.
have tr : (\sum_i lam i *: P i)^T = \sum_i lam i *: P i.
  by rewrite linear_sum; apply: eq_bigr => i _; rewrite linearZ /= sym.
by split; rewrite ?tr mulmx_sumr summx_sub // => i _; rewrite -scalemxAr scalemx_sub.
Qed.

Lemma rank_eigen_space : (\rank eigen_space <= \sum_i \rank (Z *m P i))%N.
Proof.
rewrite /eigen_space; elim/big_rec2: _ => [|i k A _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
Qed.
End Space.

Variables (p q h : nat) (a : F) (cW cB cC ch : nat -> F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, h)) (sel : nat -> nat -> 'cV[F]_h).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Hypothesis eh0 : forall k m, th0 (X k m) = h0 k *m sel k m.
Hypothesis rW : spectral cW W (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X).
Hypothesis rB : gd_like cB B (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X).
Hypothesis rC : gd_like cC C (batch_gradC a id id W B M X).
Hypothesis rh : gd_like ch h0 (batch_gradh0 a id id (fun=> 1) (fun=> 1) W B C sel M X).
Hypothesis W0 : W 0%N = \sum_i lam i *: P i.
Local Notation Z := (start_space B C h0).

Theorem eigenspaces k (D := W k - cW k *: W 0%N) :
  [/\ (D <= eigen_space Z)%MS, (D^T <= eigen_space Z)%MS,
      (\rank D <= \sum_i \rank (Z *m P i))%N & (\rank D <= r * (p + q + h))%N].
Proof.
have sZ := eigen_sources Z; have [sB sC sh] := start_space_sub B C h0.
have sW : stable (eigen_space Z) (W 0%N) by rewrite W0; apply: eigen_stable.
have [sD sDt rD] := invariant_subspace eh0 (spectral_keeps_space rW) (gd_like_keeps_columns rB)
  (gd_like_keeps_rows rC) (gd_like_keeps_columns rh) sW (submx_trans sB sZ) (submx_trans sC sZ)
  (submx_trans sh sZ) k.
have rS := leq_trans rD (rank_eigen_space Z).
split=> //; apply: leq_trans rS _; rewrite -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
by apply: leq_sum => i _; apply: leq_trans (mxrankM_maxl _ _) (rank_start_space _ _ _).
Qed.
End Eigenspaces.

(* Main results: eigen_stable eigenspaces *)
