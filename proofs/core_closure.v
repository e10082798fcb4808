(* core-closure (checked by src/theorem/core_closure.rs)

   Linear networks, GD-like learning of W alone. Let the d columns of X span the sources:
     B = X b,  C^T = X c,  h_0 = X s_0,  W_0 = w I + X K_0 X^T,
   and the errors be any function of the outputs of their trial. Then
     W_k = c_k w I + X K_k X^T,   h_t = X s_t,   l_t = X lambda_t,   y_t = c^T Gamma s_t,
   where the d x d cores K_k, s_t and lambda_t follow a recursion that knows N and X through
   the Gram matrix Gamma = X^T X alone: states of a network of d neurons with the weights
   v I + K Gamma, adjoint states of one with v I + Gamma K. Two networks with the same Gamma,
   of whatever sizes, have the same outputs and losses at all steps. A step costs d^3.

     core_state, core_trial   s_t, and the trial with the errors of the core's outputs
     core_gradient            a sum_t lambda_{t+1} s_t^T
     core k                   K_k                                                *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Local Arguments lhid : simpl never.
Local Arguments ladj : simpl never.

(* the sequence of a GD-like method: x_k = c_k x_0 + sum_j cf_kj g (x_j) *)
Section Combined.
Variables (R : ringType) (U : lmodType R) (c0 : nat -> R) (cf : nat -> nat -> R).
Variables (x0 : U) (g : U -> nat -> U).

Definition next k (past : seq U) := c0 k *: x0 + \sum_(j < k) cf k j *: g past`_j j.
Fixpoint combineds k :=
  if k is j.+1 then rcons (combineds j) (next k (combineds j)) else [:: next 0 [::]].
Definition combined k := (combineds k)`_k.

Lemma size_combineds k : size (combineds k) = k.+1.
Proof. by elim: k => //= k IHk; rewrite size_rcons IHk. Qed.

Lemma nth_combineds k j : (j <= k)%N -> (combineds k)`_j = combined j.
Proof.
elim: k => [|k IHk] in j *; first by case: j.
rewrite leq_eqVlt => /predU1P[->|jk]; first by [].
by rewrite /= nth_rcons size_combineds jk IHk.
Qed.

Lemma combinedE k : combined k = c0 k *: x0 + \sum_(j < k) cf k j *: g (combined j) j.
Proof.
case: k => [|k]; first by rewrite /combined /= /next !big_ord0.
rewrite {1}/combined /= nth_rcons size_combineds ltnn eqxx; congr (_ + _).
by apply: eq_bigr => j _; rewrite nth_combineds // -ltnS.
Qed.
End Combined.

Section Core.
Variables (R : comRingType) (d p q : nat) (a w : R) (gram K0 : 'M[R]_d).
Variables (b : 'M[R]_(d, p)) (c : 'M[R]_(d, q)).
(* step k has M k trials; their lengths, initial states, inputs, and errors from outputs *)
Variables (M : nat -> nat) (len : nat -> nat -> nat) (s0 : nat -> nat -> 'cV[R]_d).
Variables (u : nat -> nat -> nat -> 'cV[R]_p) (err : nat -> nat -> seq 'cV[R]_q -> nat -> 'cV[R]_q).
(* the optimizer: W_k = c0 k W_0 + sum_j cf k j G_j *)
Variables (c0 : nat -> R) (cf : nat -> nat -> R).

Definition core_state (K : 'M[R]_d) k m :=
  lhid a ((c0 k * w)%:M + K *m gram) b (Trial (len k m) (s0 k m) (u k m) (fun=> 0 : 'cV_q)).
Definition core_outputs K k m :=
  [seq c^T *m gram *m core_state K k m t | t <- iota 0 (len k m).+1].
Definition core_trial K k m :=
  Trial (len k m) (s0 k m) (u k m) (err k m (core_outputs K k m)).
Definition core_costate K k m := ladj a ((c0 k * w)%:M + gram *m K) b c^T (core_trial K k m).
Definition core_gradient K k :=
  \sum_(m < M k) a *: \sum_(t < len k m) core_costate K k m t.+1 *m (core_state K k m t)^T.

Lemma core_stateS K k m t : core_state K k m t.+1 = (1 - a) *: core_state K k m t +
  a *: (((c0 k * w)%:M + K *m gram) *m core_state K k m t + b *m u k m t).
Proof. exact: lhidS. Qed.

Definition core := combined c0 cf K0 core_gradient.

Lemma coreE k : core k = c0 k *: K0 + \sum_(j < k) cf k j *: core_gradient (core j) j.
Proof. exact: combinedE. Qed.

(* a network of n neurons *)
Section Network.
Variables (n : nat) (X : 'M[R]_(n, d)) (W : nat -> 'M[R]_n) (x : nat -> nat -> trial R n p q).
Hypothesis eG : X^T *m X = gram.
Local Notation B := (X *m b).
Local Notation C := ((X *m c)^T).
Definition outputs k m := [seq C *m lhid a (W k) B (x k m) t | t <- iota 0 (len k m).+1].

Hypothesis W0 : W 0%N = w%:M + X *m K0 *m X^T.
Hypothesis learns : forall k, W k = c0 k *: W 0%N +
  \sum_(j < k) cf k j *: \sum_(m < M j) lgradW a (W j) B C (x j m).
Hypothesis data : forall k m, [/\ tT (x k m) = len k m, th0 (x k m) = X *m s0 k m &
  forall t, tu (x k m) t = u k m t].
Hypothesis errors : forall k m t, te (x k m) t = err k m (outputs k m) t.

Section Step.
Variables (k m : nat) (K : 'M[R]_d).
Hypothesis eW : W k = (c0 k * w)%:M + X *m K *m X^T.

Lemma core_step v (L : 'M[R]_d) (y : 'cV[R]_d) :
  (v%:M + X *m L *m X^T) *m (X *m y) = X *m ((v%:M + L *m gram) *m y).
Proof. by rewrite !mulmxDl !mul_scalar_mx mulmxDr scalemxAr -!mulmxA (mulmxA X^T) eG. Qed.

Lemma network_state t : lhid a (W k) B (x k m) t = X *m core_state K k m t.
Proof.
have [_ h0 eu] := data k m; elim: t => [|t IHt]; first by rewrite !lhid0.
rewrite lhidS IHt eu eW core_step core_stateS mulmxDr; congr (_ + _); rewrite -scalemxAr //.
by congr (_ *: _); rewrite mulmxDr -(mulmxA X b).
Qed.

Lemma network_outputs : outputs k m = core_outputs K k m.
Proof.
apply: eq_map => t; rewrite network_state trmx_mul -!mulmxA; congr (_ *m _).
by rewrite mulmxA eG.
Qed.

Lemma gram_sym : gram^T = gram.
Proof. by rewrite -eG trmx_mul trmxK. Qed.

Lemma network_costate t : (t <= len k m)%N ->
  ladj a (W k) B C (x k m) t = X *m core_costate K k m t.
Proof.
have [eT _ _] := data k m; have e s : C^T *m te (x k m) s = X *m (c^T^T *m te (core_trial K k m) s).
  by rewrite trmxK trmxK errors network_outputs mulmxA.
move=> leT; rewrite -(subKn leT); elim: (len k m - t)%N (leq_subr t (len k m)) => [|r IHr] rT.
  by rewrite subn0 -{1}eT ladjT e eT [in RHS]/core_costate (ladjT _ _ _ _ (core_trial K k m)).
have lt : (len k m - r.+1 < len k m)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
have -> : core_costate K k m (len k m - r.+1) = c^T^T *m te (core_trial K k m) (len k m - r.+1) +
    (1 - a) *: core_costate K k m (len k m - r) +
    a *: (((c0 k * w)%:M + gram *m K)^T *m core_costate K k m (len k m - r)).
  by rewrite {1}/core_costate ladjS //= subnSK.
have eWt : (W k)^T = (c0 k * w)%:M + X *m K^T *m X^T.
  by rewrite eW [LHS]linearD /= tr_scalar_mx !trmx_mul trmxK mulmxA.
have -> : ((c0 k * w)%:M + gram *m K)^T = (c0 k * w)%:M + K^T *m gram.
  by rewrite [LHS]linearD /= tr_scalar_mx trmx_mul gram_sym.
by rewrite ladjS ?eT // subnSK // IHr ?(ltnW rT) // e eWt core_step 2!mulmxDr -!scalemxAr.
Qed.

Lemma network_gradient : lgradW a (W k) B C (x k m) = X *m
  (a *: \sum_(t < len k m) core_costate K k m t.+1 *m (core_state K k m t)^T) *m X^T.
Proof.
have [eT _ _] := data k m; rewrite lgradWE -scalemxAr -scalemxAl; congr (_ *: _).
rewrite eT mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
by rewrite network_state network_costate // trmx_mul !mulmxA.
Qed.
End Step.

Theorem core_closure k : W k = (c0 k * w)%:M + X *m core k *m X^T.
Proof.
elim/ltn_ind: k => k IH; rewrite learns W0 coreE scalerDr scale_scalar_mx -addrA; congr (_ + _).
rewrite mulmxDr mulmxDl -scalemxAr -scalemxAl; congr (_ + _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => j _; rewrite -scalemxAr -scalemxAl; congr (_ *: _).
rewrite /core_gradient mulmx_sumr mulmx_suml; apply: eq_bigr => m _.
exact: network_gradient (IH j (ltn_ord j)).
Qed.

Theorem core_outputs_exact k m : outputs k m = core_outputs (core k) k m.
Proof. exact/network_outputs/core_closure. Qed.
End Network.
End Core.

(* Main results: core_closure core_outputs_exact *)
