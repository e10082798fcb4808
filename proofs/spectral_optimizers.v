(* spectral-optimizers (checked by src/theorem/spectral_optimizers.rs)

   invariant-subspace holds for every update L G R with L mapping the column space
   of the gradients so far into itself and R^T the row space: Muon (Newton-Schulz
   with any coefficients of the momentum, plain or Nesterov's, and decoupled weight
   decay), odd polynomials of
   the gradient, Shampoo with polynomials for its matrix functions, and two-sided
   preconditioners that keep the space S. B, C and h_0 may be trained too, by any
   method that keeps S. The entrywise optimizers do not: counterexamples.v.    *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance tensor_rank.
From RankProof Require Import invariant_subspace.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Spectral.
Variables (F : fieldType) (n p q r : nat) (a : F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, r)) (sel : nat -> nat -> 'cV[F]_r).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Local Notation gW := (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation S := (start_space B C h0).
Variables (w : F) (lam eta : nat -> F).
Let decayed k := \prod_(j < k) (1 - lam j).
Hypothesis eh0 : forall k m, th0 (X k m) = h0 k *m sel k m.
Hypothesis W0 : W 0%N = w%:M.
Hypothesis rB : keeps_columns S B (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X).
Hypothesis rC : keeps_rows S C (batch_gradC a id id W B M X).
Hypothesis rh : keeps_columns S h0 (batch_gradh0 a id id (fun=> 1) (fun=> 1) W B C sel M X).

(* momentum first, then Newton-Schulz of it: al = 1, be = 0 plain, al = mu, be = 1 Nesterov *)
Theorem muon_rank (V : nat -> 'M[F]_n) (mu al be : nat -> F) (cs : nat -> seq (F * F * F)) :
  V 0%N = 0 -> (forall k, V k.+1 = mu k *: V k + gW k) ->
  (forall k, W k.+1 = (1 - lam k) *: W k -
     eta k *: newton_schulz (cs k) (al k *: V k.+1 + be k *: gW k)) ->
  forall k, let D := W k - decayed k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + q + r)%N].
Proof.
move=> V0 VS upd k.
by have := invariant_start_space eh0 W0 (muon_spectral V0 VS upd) rB rC rh k.
Qed.

(* whatever adds odd expressions in the gradients so far to a multiple of W_0: momentum
   after the direction, Runge-Kutta along it *)
Theorem odd_rank (c : nat -> F) :
  (forall k, exists2 U, odd_in gW k U & W k = c k *: W 0%N - U) ->
  forall k, let D := W k - c k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + q + r)%N].
Proof.
move=> upd k.
by have := invariant_start_space eh0 W0 (odd_spectral upd) rB rC rh k.
Qed.

(* W_{k+1} = (1 - lam_k) W_k - eta_k f_k (G_k), f_k (G) = sum_j c_kj G (G^T G)^j *)
Theorem odd_poly_rank d (c : nat -> nat -> F) :
  (forall k, W k.+1 = (1 - lam k) *: W k - eta k *: odd_poly (d k) (c k) (gW k)) ->
  forall k, let D := W k - decayed k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + q + r)%N].
Proof.
move=> upd k.
by have := invariant_start_space eh0 W0 (odd_poly_spectral upd) rB rC rh k.
Qed.

Theorem shampoo_rank dl dr (cl cr c d : nat -> nat -> F) :
  (forall k, W k.+1 = (1 - lam k) *: W k -
     mpoly (dl k) (cl k) (\sum_(j < k.+1) c k j *: (gW j *m (gW j)^T)) *m gW k *m
     mpoly (dr k) (cr k) (\sum_(j < k.+1) d k j *: ((gW j)^T *m gW j))) ->
  forall k, let D := W k - decayed k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + q + r)%N].
Proof.
move=> upd k.
by have := invariant_start_space eh0 W0 (shampoo_spectral upd) rB rC rh k.
Qed.

(* any L_k, R_k that keep S as soon as the past gradients do: polynomials in
   gradient products, in C^T C, B B^T, scalars *)
Theorem preconditioned_rank (L R : nat -> 'M[F]_n) :
  (forall k, W k.+1 = (1 - lam k) *: W k - L k *m gW k *m R k) ->
  (forall k, (forall j, (j <= k)%N -> (gW j <= S)%MS /\ ((gW j)^T <= S)%MS) ->
     (S *m (L k)^T <= S)%MS /\ (S *m R k <= S)%MS) ->
  forall k, let D := W k - decayed k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + q + r)%N].
Proof.
move=> upd sLR k; have [sB sC sh] := start_space_sub B C h0.
have [|sD sDt rD] :=
  invariant_subspace eh0 (preconditioned_keeps_space upd sLR) rB rC rh _ sB sC sh k.
  by rewrite W0; apply: stable_scalar.
by split=> //; apply: leq_trans rD (rank_start_space _ _ _ ).
Qed.
End Spectral.

(* Main results: muon_rank odd_rank odd_poly_rank shampoo_rank preconditioned_rank *)
