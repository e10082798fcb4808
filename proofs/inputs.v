(* what counts of the inputs and of the initial states (cited by invariant-subspace,
   fibonacci-growth, linear-growth and siso-reciprocity)

   Linear networks.
   1. An initial state h_0 = a B v in the columns of B is one more time step: the trial
      with input v before all others has the same gradient of W, from h_0 = 0. So where W
      alone is trained every statement for h_0 = 0 is one for h_0 in col B, another for
      each trial, with T + 1 in place of T. With B and C trained as well an h_0 in the
      columns of B_0 adds nothing to the space of invariant-subspace: rank D_k <= p + q.
   2. If the inputs u_t, t <= T - 2, lie in the columns of E, the network with the inputs
      B E has the same gradient of W. So the number of columns of E stands for p.
   3. With B, C and h_0 trained as well, inputs u_t, t < T, in the columns of E, and
      W_0 = w I: rank D_k <= e + q + number of initial states. The last input counts here,
      as the rows of the gradient of C see h_T.

     longer x v           the trial of 1
     renamed x v          the trial of 2: inputs v                              *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
From RankProof Require Import invariant_subspace.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section OneTrial.
Variables (R : comRingType) (n p q : nat) (a : R).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Local Arguments lhid : simpl never.
Local Arguments ladj : simpl never.

(* the adjoint of a trial knows the errors and W alone *)
Lemma same_adjoint p' (B' : 'M[R]_(n, p')) (y : trial R n p' q) d :
  tT y = (d + tT x)%N -> (forall t, (t <= tT x)%N -> te y (d + t)%N = te x t) ->
  forall t, (t <= tT x)%N -> ladj a W B' C y (d + t)%N = ladj a W B C x t.
Proof.
move=> eT ee t leT; rewrite -(subKn leT); elim: (tT x - t)%N (leq_subr t (tT x)) => [|r IHr] rT.
  by rewrite subn0 [RHS]ladjT -eT ladjT eT ee.
have lt : (tT x - r.+1 < tT x)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
rewrite [RHS]ladjS // ladjS ?eT ?ltn_add2l // ee; last exact: ltnW.
by rewrite -addnS subnSK // IHr // ltnW.
Qed.

Section OneMoreStep.
Variable v : 'cV[R]_p.
Hypothesis eh0 : th0 x = a *: (B *m v).

Definition longer : trial R n p q :=
  Trial (tT x).+1 0 (fun t => if t is s.+1 then tu x s else v)
    (fun t => if t is s.+1 then te x s else 0).

Lemma longer_hid t : lhid a W B longer t.+1 = lhid a W B x t.
Proof.
elim: t => [|t IHt]; first by rewrite lhidS !lhid0 /= mulmx0 add0r scaler0 add0r eh0.
by rewrite lhidS IHt [RHS]lhidS.
Qed.

Theorem initial_state_in_columns : lgradW a W B C x = lgradW a W B C longer.
Proof.
rewrite !lgradWE /= big_ord_recl lhid0 trmx0 mulmx0 add0r; congr (_ *: _).
apply: eq_bigr => t _; rewrite longer_hid /= -[_.+2]add1n; congr (_ *m _).
by apply/esym/same_adjoint; rewrite ?add1n.
Qed.
End OneMoreStep.

Section InASpace.
Variables (e : nat) (E : 'M[R]_(p, e)) (v : nat -> 'cV[R]_e).
Hypothesis eu : forall t, (t.+1 < tT x)%N -> tu x t = E *m v t.

Definition renamed : trial R n e q := Trial (tT x) (th0 x) v (te x).

Theorem inputs_in_a_space : lgradW a W B C x = lgradW a W (B *m E) C renamed.
Proof.
rewrite !lgradWE; congr (_ *: _); apply: eq_bigr => t _; congr (_ *m _^T).
case: t => t /=; elim: t => [_|t IHt tT]; first by rewrite !lhid0.
by rewrite lhidS (IHt (ltnW tT)) eu // mulmxA [RHS]lhidS.
Qed.
End InASpace.
End OneTrial.

(* everything trained *)
Section AllTrained.
Variables (F : fieldType) (n p q r e : nat) (a w : F) (cW cB cC ch : nat -> F) (E : 'M[F]_(p, e)).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, r)) (sel : nat -> nat -> 'cV[F]_r).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Local Notation gW := (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gB := (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gC := (batch_gradC a id id W B M X).
Local Notation gh0 := (batch_gradh0 a id id (fun=> 1) (fun=> 1) W B C sel M X).
Hypotheses (rW : spectral cW W gW) (rB : gd_like cB B gB) (rC : gd_like cC C gC).
Hypotheses (rh : gd_like ch h0 gh0) (W0 : W 0%N = w%:M).
Hypothesis eh0 : forall k m, th0 (X k m) = h0 k *m sel k m.
Hypothesis eu : forall k m t, (t < tT (X k m))%N -> exists v, tu (X k m) t = E *m v.
Local Notation S := (start_space (fun k => B k *m E) C h0).

Theorem invariant_inputs k (D := W k - cW k *: W 0%N) :
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= e + q + r)%N].
Proof.
have [sB sC sh] := start_space_sub (fun k => B k *m E) C h0.
have rBE : gd_like cB (fun k => B k *m E) (fun k => gB k *m E).
  move=> j; have [c ->] := rB j; exists c; rewrite mulmxDl -scalemxAl mulmx_suml; congr (_ + _).
  by apply: eq_bigr => i _; rewrite -scalemxAl.
have sW : stable S (W 0%N) by rewrite W0; apply: stable_scalar.
have [j jk sWj sBj sCj shj|//|sD sDt _ _ _] := visited_invariant (spectral_keeps_space rW) sW (K := k)
  (gd_like_keeps_columns rBE) (gd_like_keeps_rows rC) (gd_like_keeps_columns rh) sB sC sh _ (k := k).
  have ins m : (m < M j)%N -> visited_inside a id id (fun=> 1) (fun=> 1) S (W j) (B j) (C j) (X j m).
    move=> mM; apply: linear_visited_inside => [|t tT|t _ _].
    - by rewrite eh0; apply: cols_mul.
    - by have [v ->] := eu tT; rewrite mulmxA; apply: cols_mul.
    - by apply: cols_mul; rewrite trmxK.
  by have [g1 g2 g3 g4 g5] := batch_sub sel sWj ins; split=> //; apply: cols_mul.
by split=> //; apply: leq_trans (mxrankS sD) (rank_start_space _ _ _).
Qed.
End AllTrained.

Theorem rank_states_in_columns (F : fieldType) n p q (a w : F) (cW cB cC : nat -> F)
    (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n))
    (M : nat -> nat) (X : nat -> nat -> trial F n p q) (v : nat -> nat -> 'cV[F]_p) :
  spectral cW W (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X) ->
  gd_like cB B (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X) ->
  gd_like cC C (batch_gradC a id id W B M X) ->
  W 0%N = w%:M -> (forall k m, th0 (X k m) = B 0%N *m v k m) ->
  forall k, (\rank (W k - cW k *: W 0%N)%R <= p + q)%N.
Proof.
move=> rW rB rC W0 eh k; pose S := col_mx (B 0%N)^T (C 0%N).
have: (S <= S)%MS by []; rewrite {1}/S col_mx_sub => /andP[sB sC].
have sW : stable S (W 0%N) by rewrite W0; apply: stable_scalar.
have [_ _ rD] := invariant_subspace (h0 := fun=> B 0%N) (sel := v) eh (spectral_keeps_space rW)
  (gd_like_keeps_columns rB) (gd_like_keeps_rows rC) (fun _ _ s0 => s0) sW sB sC sB k.
exact: leq_trans rD (rank_leq_row _).
Qed.

(* Main results: initial_state_in_columns inputs_in_a_space invariant_inputs *)
(* Main results: rank_states_in_columns *)
