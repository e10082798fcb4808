(* fibonacci-growth: the bounds are attained (computed inside Coq)

   One network with one input, one output direction more at each step, one trial, one
   fixed data set, squared loss, plain gradient descent from W_0 = 0, h_0 = 0, over
   every field of characteristic 0:
     W trained:          rank W_k = 0, 1, 2, 4, 7, 12, 20, rank G_k = 1, 2, 3, 5, 8, 13;
     W, B, C trained:    rank W_k = 0, 1, 3, 6, 11, 19, rank G_k = 1, 2, 4, 7, 12.
   The upper bounds are those of fibonacci_growth.v; the lower bounds come from an
   elimination modulo 997 of the iterates, which vm_compute finds.             *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance computation instances.
From RankProof Require Import fibonacci_growth.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition fibonacci_example := example 1 19 14 1 false.
Definition trained_example := example 1 18 13 1 true.

Definition fibonacci_ranks := [:: (0, 1); (1, 2); (2, 3); (4, 5); (7, 8); (12, 13); (20, 0)]%N.
Definition trained_ranks := [:: (0, 1); (1, 2); (3, 4); (6, 7); (11, 12); (19, 0)]%N.

Lemma fibonacci_example_ok :
  ranks_ok 997 20 1 19 1 id id (fun=> 1%bz) (fun=> 1%bz) fibonacci_example fibonacci_ranks.
Proof. by vm_compute. Qed.

Lemma trained_example_ok :
  ranks_ok 997 19 1 18 1 id id (fun=> 1%bz) (fun=> 1%bz) trained_example trained_ranks.
Proof. by vm_compute. Qed.

Section Attained.
Variable R : numFieldType.

Theorem fibonacci_attained : exists (B : 'M[R]_(20, 1)) (C : 'M[R]_(19, 20))
    (X : nat -> nat -> trial R 20 1 19) (W : nat -> 'M[R]_20)
    (G := fun k => \sum_(m < 1) lgradW 1 (W k) B C (X k m)),
  [/\ W 0%N = 0, forall k m, th0 (X k m) = 0, fixed_data 1 X W (fun=> B) (fun=> C),
      forall k, W k.+1 = W k - 1 *: G k &
      (forall k, (k <= 6)%N -> \rank (W k) = (fib k.+2 - 1)%N) /\
      (forall k, (k < 6)%N -> \rank (G k) = fib k.+2)].
Proof.
pose I := fibonacci_example; pose xs := itrials I 0.
have [fd dW] := @frozen_fixed_data R _ _ _ 1 1 1 _ _ _ _
  (fun k => @run_frozen R 20 1 19 1 I k isT)
  (@run_fixed_data R 20 1 19 1 I xs erefl isT) (@run_descendsW R 20 1 19 1 I xs erefl).
exists (run_B R 20 1 19 1 I 0), (run_C R 20 1 19 1 I 0), (@run_X R 20 1 19 1 I), (run_W R 20 1 19 1 I).
move=> G; have W0 : run_W R 20 1 19 1 I 0 = 0 := @run_W0 R I 20 1 19 erefl.
have h0 k m : th0 (@run_X R 20 1 19 1 I k m) = 0.
  exact: (@run_zero_start R 1 19 14 1 false k m).
split=> //.
have W0' : run_W R 20 1 19 1 I 0 = (0 : R)%:M by rewrite W0 raddf0.
have up := fibonacci_growth (gd_like_spectral (gradient_descent_gd_like dW)) W0' h0.
have lo k : (k < 7)%N -> _ := @example_ranks R 20 1 19 I fibonacci_ranks k fibonacci_example_ok.
have rk k : (k <= 6)%N -> \rank (run_W R 20 1 19 1 I k) = (fib k.+2 - 1)%N.
  move=> k5; apply/eqP; rewrite eqn_leq; apply/andP; split.
    have [u _] := up k; move: u; rewrite W0 scaler0 subr0 mul1n => u.
    by apply: leq_trans u _; rewrite geq_minl.
  by have [l _] := lo k k5; apply: leq_trans l; case: k k5 => [|[|[|[|[|[|[|]]]]]]].
split=> // k k5; apply/eqP; rewrite eqn_leq; apply/andP; split.
  have [_ u] := up k; move: u; rewrite mul1n => u.
  by apply: leq_trans u _; rewrite geq_minl.
rewrite (rank_step (dW k)); have [_ l] := lo k (ltnW k5); apply: leq_trans l.
by case: k k5 => [|[|[|[|[|[|]]]]]].
Qed.

Theorem fibonacci_trained_attained : exists (W : nat -> 'M[R]_19)
    (B : nat -> 'M[R]_(19, 1)) (C : nat -> 'M[R]_(18, 19)) (X : nat -> nat -> trial R 19 1 18)
    (G := fun k => \sum_(m < 1) lgradW 1 (W k) (B k) (C k) (X k m)),
  [/\ W 0%N = 0, forall k m, th0 (X k m) = 0, fixed_data 1 X W B C,
      [/\ descendsW 1 1 1 X W B C, descendsB 1 1 1 X W B C & descendsC 1 1 1 X W B C] &
      (forall k, (k <= 5)%N -> \rank (W k) = (fib k.+3 - 2)%N) /\
      (forall k, (k < 5)%N -> \rank (G k) = (fib k.+3 - 1)%N)].
Proof.
pose I := trained_example; pose xs := itrials I 0.
pose W := run_W R 19 1 18 1 I; pose B := run_B R 19 1 18 1 I; pose C := run_C R 19 1 18 1 I.
pose X := @run_X R 19 1 18 1 I; exists W, B, C, X => G.
have fd : fixed_data 1 X W B C := @run_fixed_data R 19 1 18 1 I xs erefl isT.
have dW : descendsW 1 1 1 X W B C := @run_descendsW R 19 1 18 1 I xs erefl.
have dB : descendsB 1 1 1 X W B C := @run_descendsB R 19 1 18 1 I xs erefl isT.
have dC : descendsC 1 1 1 X W B C := @run_descendsC R 19 1 18 1 I xs erefl isT.
have W0 : W 0%N = 0 := @run_W0 R I 19 1 18 erefl.
have h0 k m : th0 (X k m) = 0.
  exact: (@run_zero_start R 1 18 13 1 true k m).
have W0' : W 0%N = (0 : R)%:M by rewrite W0 raddf0.
have up := fibonacci_all_trained (M := fun=> 1%N) (X := X)
  (gd_like_spectral (gradient_descent_gd_like (eta := fun=> 1) dW))
  (gradient_descent_gd_like (eta := fun=> 1) dB) (gradient_descent_gd_like (eta := fun=> 1) dC) W0' h0.
have lo k : (k < 6)%N -> _ := @example_ranks R 19 1 18 I trained_ranks k trained_example_ok.
have rk k : (k <= 5)%N -> \rank (W k) = (fib k.+3 - 2)%N.
  move=> k5; apply/eqP; rewrite eqn_leq; apply/andP; split.
    have [u _] := up k; move: u; rewrite W0 scaler0 subr0 mul1n => u.
    by apply: leq_trans u _; rewrite geq_minl.
  by have [l _] := lo k k5; apply: leq_trans l; case: k k5 => [|[|[|[|[|[|]]]]]].
split=> //; split=> // k k5; apply/eqP; rewrite eqn_leq; apply/andP; split.
  by have [_ u] := up k; move: u; rewrite mul1n.
rewrite (rank_step (dW k)); have [_ l] := lo k (ltnW k5); apply: leq_trans l.
by case: k k5 => [|[|[|[|[|]]]]].
Qed.
End Attained.

(* Main results: fibonacci_attained fibonacci_trained_attained *)
