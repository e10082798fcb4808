(* invariant-subspace (checked by src/theorem/invariant_subspace.rs)

   Linear networks, GD-like learning. W_0 = w I, S = span (col B, row C, h_0, b).
   Then the rows and columns of every D_k = W_k - c_k W_0 lie in S:
     rank D_k <= p + q + number of initial states (+ 1 for a bias),
     CP rank <= d min (d, K) for that sum d,
   for every k, loss, data set and step size, also when B, C, h_0, b are trained.
   More: W_0 need only map S into itself, with its transpose; phi, psi need only
   keep S; the optimizer need only be spectral, or keep S.
   The initial state of trial m of step k is h0 k *m sel k m, so that h0 k has one
   column for each distinct initial state; a bias is an input (base/model.v).

     start_space       the rows of B_0^T, C_0 and h0_0^T                       *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance tensor_rank.
From RankProof Require Import subspace_tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Invariant.
Variables (F : fieldType) (n p q r : nat) (a : F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, r)) (sel : nat -> nat -> 'cV[F]_r).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Local Notation gW := (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gB := (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gC := (batch_gradC a id id W B M X).
Local Notation gh0 := (batch_gradh0 a id id (fun=> 1) (fun=> 1) W B C sel M X).
Hypothesis eh0 : forall k m, th0 (X k m) = h0 k *m sel k m.

(* any space that W_0 and its transpose map into itself *)
Theorem invariant_subspace s (S : 'M[F]_(s, n)) cW :
  keeps_space S cW W gW -> keeps_columns S B gB -> keeps_rows S C gC ->
  keeps_columns S h0 gh0 ->
  stable S (W 0%N) -> ((B 0%N)^T <= S)%MS -> (C 0%N <= S)%MS -> ((h0 0%N)^T <= S)%MS ->
  forall k, let D := W k - cW k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= \rank S)%N].
Proof.
move=> rW rB rC rh; exact: closed_invariant (@closed_id _ _ _ S) (@closed_id _ _ _ S)
  (@slope_closed_id _ _ _ S) (@slope_closed_id _ _ _ S) rW rB rC rh eh0.
Qed.

Definition start_space := col_mx (B 0%N)^T (col_mx (C 0%N) (h0 0%N)^T).

Lemma start_space_sub :
  [/\ ((B 0%N)^T <= start_space)%MS, (C 0%N <= start_space)%MS & ((h0 0%N)^T <= start_space)%MS].
Proof.
have: (start_space <= start_space)%MS by [].
by rewrite {1}/start_space !col_mx_sub => /and3P[].
Qed.

Lemma rank_start_space : (\rank start_space <= p + q + r)%N.
Proof. by rewrite (leq_trans (rank_leq_row _)) // addnA. Qed.

Variables (w : F) (cW : nat -> F).
Hypothesis W0 : W 0%N = w%:M.
Hypothesis rW : spectral cW W gW.
Hypotheses (rB : keeps_columns start_space B gB) (rC : keeps_rows start_space C gC).
Hypothesis rh : keeps_columns start_space h0 gh0.

Theorem invariant_start_space k (D := W k - cW k *: W 0%N) :
  [/\ (D <= start_space)%MS, (D^T <= start_space)%MS & (\rank D <= p + q + r)%N].
Proof.
have [sB sC sh] := start_space_sub.
have [|sD sDt rD] :=
  invariant_subspace (spectral_keeps_space rW) rB rC rh _ sB sC sh k.
  by rewrite W0; apply: stable_scalar.
by split=> //; apply: leq_trans rD rank_start_space.
Qed.

Theorem invariant_tensor_rank K (d := (p + q + r)%N) :
  tensor_rank_le (d * minn d K) (fun k : 'I_K.+1 => W k - cW k *: W 0%N).
Proof.
apply: tensor_rank_le_lift.
  have [sD _] := rW 0%N; move: sD; rewrite row_span0 submx0 /= => /eqP; exact.
apply: (@tensor_rank_leW _ _ _ _ (\rank start_space * minn (\rank start_space) K)).
  by rewrite leq_mul ?rank_start_space // leq_min !geq_min rank_start_space leqnn orbT.
by apply: tensor_rank_le_subspace => k; have [] := invariant_start_space (lift ord0 k).
Qed.
End Invariant.

(* everything trained by GD-like methods, one common initial state, or none *)
Section GDLike.
Variables (F : fieldType) (n p q : nat) (a w : F) (cW cB cC ch : nat -> F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Local Notation gW := (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gB := (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gC := (batch_gradC a id id W B M X).
Hypotheses (rW : gd_like cW W gW) (rB : gd_like cB B gB) (rC : gd_like cC C gC).
Hypothesis W0 : W 0%N = w%:M.

Theorem rank_all_trained (h0 : nat -> 'cV[F]_n) :
  gd_like ch h0 (batch_gradh0 a id id (fun=> 1) (fun=> 1) W B C (fun _ _ => 1%:M) M X) ->
  (forall k m, th0 (X k m) = h0 k) ->
  forall k, (\rank (W k - cW k *: W 0%N)%R <= p + q + 1)%N.
Proof.
move=> rh eh k; have eh0 k' m : th0 (X k' m) = h0 k' *m 1%:M by rewrite mulmx1.
have [] := invariant_start_space eh0 W0 (gd_like_spectral rW) (gd_like_keeps_columns rB)
  (gd_like_keeps_rows rC) (gd_like_keeps_columns rh) k.
by [].
Qed.

Theorem rank_zero_start : (forall k m, th0 (X k m) = 0) ->
  forall k, (\rank (W k - cW k *: W 0%N)%R <= p + q)%N.
Proof.
move=> eh k; pose h0 (_ : nat) : 'M[F]_(n, 0) := 0.
have eh0 k' m : th0 (X k' m) = h0 k' *m 0 by rewrite eh mul0mx.
rewrite -[(p + q)%N]addn0.
have [//] := invariant_start_space eh0 W0 (gd_like_spectral rW) (gd_like_keeps_columns rB)
  (gd_like_keeps_rows rC) (fun _ _ s0 => s0) k.
Qed.
End GDLike.

(* plain gradient descent on W alone *)
Theorem rank_gradient_descent (F : fieldType) n p q (a w : F) (eta : nat -> F)
    (W : nat -> 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n))
    (M : nat -> nat) (X : nat -> nat -> trial F n p q) :
  W 0%N = w%:M -> (forall k m, th0 (X k m) = 0) ->
  (forall k, W k.+1 = W k - eta k *: \sum_(m < M k) lgradW a (W k) B C (X k m)) ->
  forall k, (\rank (W k - W 0%N)%R <= p + q)%N.
Proof.
move=> W0 h0 gd k; rewrite -[W 0%N]scale1r.
apply: (rank_zero_start (a := a) (B := fun=> B) (C := fun=> C) (M := M) (X := X) (w := w)
  (cW := fun=> 1) (cB := fun=> 1) (cC := fun=> 1)) => //.
- exact: gradient_descent_gd_like gd.
- exact: frozen_gd_like.
- exact: frozen_gd_like.
Qed.

(* Main results: invariant_subspace invariant_start_space invariant_tensor_rank rank_all_trained *)
(* Main results: rank_zero_start rank_gradient_descent *)
