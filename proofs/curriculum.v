(* curriculum (checked by src/theorem/curriculum.rs)

   Tasks j = 1 .. J one after the other or mixed, each with its own B_j, C_j, leak and
   numbers of inputs and outputs: rank D_k <= sum (p_j + q_j) over the tasks used so
   far, + the number of initial states. With the same B, C there is one task and the
   space does not grow at all. W_0 = w I, linear network, W trained.

     task_space used      the space of the tasks used
     task k m             the task of trial m of step k                        *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Curriculum.
Variables (F : fieldType) (n J : nat) (p q : 'I_J -> nat) (a : 'I_J -> F) (w : F).
Variables (B : forall j, 'M[F]_(n, p j)) (C : forall j, 'M[F]_(q j, n)).
Variables (M : nat -> nat) (task : nat -> nat -> 'I_J).
Variable X : forall k m, trial F n (p (task k m)) (q (task k m)).
Variables (c0 : nat -> F) (W : nat -> 'M[F]_n) (h : nat) (H : 'M[F]_(h, n)).
Let G k := \sum_(m < M k) lgradW (a (task k m)) (W k) (B (task k m)) (C (task k m)) (X k m).

Definition task_space (used : pred 'I_J) : 'M[F]_n :=
  (H + \sum_(j | used j) <<col_mx (B j)^T (C j)>>)%MS.

(* only the tasks used so far count *)
Theorem curriculum (used : pred 'I_J) K :
  spectral c0 W G -> W 0%N = w%:M -> (forall k m, ((th0 (X k m))^T <= H)%MS) ->
  (forall k m, (k < K)%N -> (m < M k)%N -> used (task k m)) ->
  let D := W K - c0 K *: W 0%N in
  [/\ (D <= task_space used)%MS, (D^T <= task_space used)%MS &
      (\rank D <= h + \sum_(j | used j) (p j + q j))%N].
Proof.
move=> rW W0 sh us D; set S := task_space used.
have sBC j : used j -> ((B j)^T <= S)%MS /\ (C j <= S)%MS.
  move=> uj; apply/andP; rewrite -col_mx_sub (submx_trans _ (addsmxSr _ _)) //.
  by rewrite (sumsmx_sup j) ?genmxE.
have sW0 : stable S (W 0%N) by rewrite W0; apply: stable_scalar.
have [sD sDt] : (D <= S)%MS /\ (D^T <= S)%MS.
  apply: (visited_invariantW (spectral_keeps_space rW) sW0 (K := K)) => // k kK sWk; apply: sum_two_sided => m _.
  have [sB sC] := sBC _ (us k m kK (ltn_ord m)).
  apply: gradW_sub sWk; apply: linear_visited_inside => [|t _|t _ _].
  - exact: submx_trans (sh k m) (addsmxSl _ _).
  - exact: cols_mul.
  - by apply: cols_mul; rewrite trmxK.
split=> //; apply: leq_trans (mxrankS sD) _; apply: leq_trans (mxrank_adds_leqif _ _) _.
apply: leq_add; first exact: rank_leq_row.
elim/big_rec2: _ => [|j r A uj IH]; first by rewrite mxrank0.
apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
exact: rank_leq_row.
Qed.
End Curriculum.

(* Main results: curriculum *)
