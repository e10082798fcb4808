(* low-rank-initialization (checked by src/theorem/low_rank_initialization.rs)

   Linear networks, GD-like learning, W_0 = w I + P Q^T with r columns: the rows and
   columns of every D_k lie in span (B, C^T, P, Q, h_0, b), so rank D_k <=
   p + q + 2 r + number of initial states (+ 1 for a bias).                    *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
From RankProof Require Import invariant_subspace.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section LowRank.
Variables (F : fieldType) (n p q r h : nat) (a w : F) (cW : nat -> F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, h)) (sel : nat -> nat -> 'cV[F]_h).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q) (P Q : 'M[F]_(n, r)).

Definition low_rank_space := col_mx (start_space B C h0) (col_mx P^T Q^T).

Theorem low_rank_initialization :
  spectral cW W (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X) ->
  keeps_columns low_rank_space B (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X) ->
  keeps_rows low_rank_space C (batch_gradC a id id W B M X) ->
  keeps_columns low_rank_space h0 (batch_gradh0 a id id (fun=> 1) (fun=> 1) W B C sel M X) ->
  W 0%N = w%:M + P *m Q^T -> (forall k m, th0 (X k m) = h0 k *m sel k m) ->
  forall k, let D := W k - cW k *: W 0%N in
  [/\ (D <= low_rank_space)%MS, (D^T <= low_rank_space)%MS &
      (\rank D <= p + q + 2 * r + h)%N].
Proof.
move=> rW rB rC rh W0 eh0 k.
have: (low_rank_space <= low_rank_space)%MS by [].
rewrite {1}/low_rank_space !col_mx_sub => /and3P[/and3P[sB sC sh] sP sQ].
have [|sD sDt rD] := invariant_subspace eh0 (spectral_keeps_space rW) rB rC rh _ sB sC sh k.
  have [s1 s2] := stable_scalar low_rank_space w; rewrite W0; split.
    by rewrite linearD mulmxDr addmx_sub //= trmx_mul trmxK mulmxA mulmx_sub.
  by rewrite mulmxDr addmx_sub //= mulmxA mulmx_sub.
split=> //; rewrite (leq_trans rD) // (leq_trans (rank_leq_row _)) //.
by rewrite mul2n -addnn [(p + (q + h))%N]addnA addnAC.
Qed.
End LowRank.

(* Main results: low_rank_initialization *)
