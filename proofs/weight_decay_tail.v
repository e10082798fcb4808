(* weight-decay-tail (checked by src/theorem/weight_decay_tail.rs), the algebraic part

   W_{k+1} = beta_k W_k - U_k with any updates U_k, any network, start and loss:
     rank (W_{k+n} - beta_k .. beta_{k+n-1} W_k) <= sum_{k <= j < k+n} rank U_j.
   For U_j = eta_j G_j these are the ranks of the gradients. On paper: so the singular values
   of W_{k+n} after that many are at most |beta_k .. beta_{k+n-1}| times the norm of W_k. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section WeightDecay.
Variables (F : fieldType) (m1 m2 : nat) (beta : nat -> F) (W U : nat -> 'M[F]_(m1, m2)).
Hypothesis upd : forall k, W k.+1 = beta k *: W k - U k.

Theorem weight_decay_tail k n :
  (\rank (W (k + n)%N - (\prod_(k <= j < k + n) beta j) *: W k)%R <=
     \sum_(k <= j < k + n) \rank (U j))%N.
Proof.
elim: n => [|n IHn].
  by rewrite addn0 !big_geq // scale1r subrr mxrank0.
rewrite addnS !big_nat_recr ?leq_addr //= upd [_ * beta _]mulrC -scalerA addrAC -scalerBr.
apply: leq_trans (mxrank_add _ _) (leq_add _ _); first exact: leq_trans (mxrank_scale _ _) IHn.
by rewrite mxrank_opp.
Qed.
End WeightDecay.

(* Main results: weight_decay_tail *)
