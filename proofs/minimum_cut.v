(* minimum-cut (checked by src/theorem/minimum_cut.rs)

   Nodes with numbers that depend linearly on a vector x, each on those of earlier nodes.
   If every path from x to a node meets a set of nodes, the cut, then that node's numbers
   are combinations of those of the cut, so the rank of x |-> its numbers is at most the
   number of numbers in the cut.

     A i        the numbers of node i as a map of x, one row for each
     deps i     the nodes that node i depends on
     behind     the nodes that x reaches through the cut alone  *)
From mathcomp Require Import all_ssreflect all_algebra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Section Cut.

Variables (F : fieldType) (n N : nat) (c : 'I_n -> nat).
Variable A : forall i, 'M[F]_(c i, N).
Variable deps : 'I_n -> {set 'I_n}.
Hypothesis deps_earlier : forall i j, j \in deps i -> j < i.

Variables cut behind : {set 'I_n}.
Hypothesis behind_deps : forall i, i \in behind -> i \notin cut ->
  deps i \subset behind /\ (A i <= \sum_(j in deps i) <<A j>>)%MS.

Theorem cut_determines i : i \in behind -> (A i <= \sum_(s in cut) <<A s>>)%MS.
Proof.
elim/ltn_ind: {i}(nat_of_ord i) {-2}i (erefl (nat_of_ord i)) => m IH i def_m in_behind.
case in_cut: (i \in cut).
  by apply: (sumsmx_sup i) => //; rewrite genmxE.
have [/subsetP sub_deps depends] := behind_deps in_behind (negbT in_cut).
apply: submx_trans depends _; apply/sumsmx_subP => j in_deps; rewrite genmxE.
by apply: (IH j) => //; [rewrite -def_m deps_earlier | apply: sub_deps].
Qed.

Theorem cut_rank i : i \in behind -> \rank (A i) <= \sum_(s in cut) c s.
Proof.
move=> /cut_determines /mxrankS le_rank; apply: leq_trans le_rank _.
apply: (@leq_trans (\sum_(s in cut) \rank (<<A s>>%MS : 'M_N))).
  exact: mxrank_sum_leqif.
by apply: leq_sum => s _; rewrite genmxE rank_leq_row.
Qed.

End Cut.

(* Main results: cut_determines cut_rank *)
