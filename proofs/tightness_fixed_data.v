(* tightness with one fixed data set, full batches and squared loss (computed inside Coq)

   For all p, q <= 3, over every field of characteristic 0, one trial of four steps, from
   W_0 = 0, h_0 = 0, plain gradient descent on W: W_{p+q} has rank p + q, and W_0 .. W_K,
   K = (p + q)^2, span (p + q)^2 dimensions, so their CP rank is (p + q)^2; three
   dimensions for p = q = 1. The lower bounds come from an elimination modulo 997.
   For all p, q with free errors: tightness.v.                                 *)
From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank computation instances.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Definition tight_example p q := example p q 4 1 false.
(* the dimension that the iterates span *)
Definition span_dim p q := if (p == 1)%N && (q == 1)%N then 3%N else ((p + q) * (p + q))%N.

Definition tight_ok p q :=
  ranks_ok 997 (p + q) p q 1 id id (fun=> 1%bz) (fun=> 1%bz) (tight_example p q)
    (rcons (nseq (p + q) (0, 0)%N) (p + q, 0)%N) &&
  unfolding_ok 997 (p + q) p q 1 id id (fun=> 1%bz) (fun=> 1%bz) (tight_example p q)
    ((p + q) * (p + q)).+1 (span_dim p q).

Lemma tight_examples_ok : all (fun p => all (fun q => tight_ok p q) [:: 1; 2; 3]%N) [:: 1; 2; 3]%N.
Proof. by vm_compute. Qed.

Theorem tightness_fixed_data (R : numFieldType) p q :
  (0 < p <= 3)%N -> (0 < q <= 3)%N ->
  exists (B : 'M[R]_(p + q, p)) (C : 'M[R]_(q, p + q))
    (X : nat -> nat -> trial R (p + q) p q) (W : nat -> 'M[R]_(p + q))
    (D := fun k : 'I_((p + q) * (p + q)).+1 => W k),
  [/\ W 0%N = 0, (forall k m, th0 (X k m) = 0) /\ fixed_data 1 X W (fun=> B) (fun=> C),
      forall k, W k.+1 = W k - 1 *: \sum_(m < 1) lgradW 1 (W k) B C (X k m),
      \rank (W (p + q)%N) = (p + q)%N &
      (span_dim p q <= \rank (unfolding D))%N /\
      forall r, tensor_rank_le r D -> (span_dim p q <= r)%N].
Proof.
move=> /andP[p0 p3] /andP[q0 q3].
have /andP[ok oku] : tight_ok p q.
  have mem m : (0 < m)%N -> (m <= 3)%N -> m \in [:: 1; 2; 3]%N by case: m => [|[|[|[|]]]].
  by have /allP/(_ p (mem p p0 p3))/allP/(_ q (mem q q0 q3)) := tight_examples_ok.
pose I := tight_example p q; pose n := (p + q)%N.
have [fd dW] := @frozen_fixed_data R _ _ _ 1 1 1 _ _ _ _
  (fun k => @run_frozen R n p q 1 I k isT)
  (@run_fixed_data R n p q 1 I (itrials I 0) erefl isT)
  (@run_descendsW R n p q 1 I (itrials I 0) erefl).
exists (run_B R n p q 1 I 0), (run_C R n p q 1 I 0), (@run_X R n p q 1 I), (run_W R n p q 1 I).
move=> D; have ru : (span_dim p q <= \rank (unfolding D))%N.
  by apply: example_unfolding oku; rewrite addn_gt0 p0.
split=> //.
- exact: (@run_W0 R I n p q erefl).
- by split=> // k m; apply: run_zero_start.
- apply/eqP; rewrite eqn_leq rank_leq_row /=.
  have [|l _] := @example_ranks R n p q I _ n ok; first by rewrite size_rcons size_nseq.
  by apply: leq_trans l; rewrite nth_rcons size_nseq ltnn eqxx.
- by split=> // r /rank_unfolding_le; apply: leq_trans.
Qed.

(* Main results: tightness_fixed_data *)
