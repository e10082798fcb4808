(* local-rules (checked by src/theorem/local_rules.rs)

   1. Eligibility traces (random-feedback online learning, e-prop): the update of W_ij at
      time t is (P e_t)_i times a trace of phi'(pre_i) psi(h_j),
        U = sum_{s <= t} kappa_ts (phi'(pre_s) o P e_t) psi(h_s)^T,
      with any kappa (a (1-a)^(t-s) for a leaky network) and any psi and W_0. With phi = id
      the columns of D_k lie in col P, rank D_k <= rank P for all k. If the slopes of phi
      are the same within classes of neurons, at all states that are visited, as for a
      ReLU with the classes of neurons that are open together, rank D_k <= the sum over the
      classes c of rank P_c, P restricted to the neurons of c.
   2. Hebbian rules with any reward: W <- W + sum_{s,t} kappa_st h_s h_t^T with any kappa,
      a linear network with W_0 = w I: rank D_k <= p + number of initial states, whatever
      the number of outputs.

     only c P           P with zeros for the neurons of other classes
     trace_update k     U of step k; its slopes d, its activity z
     hebb k             the Hebbian update of step k                              *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Traces.
Variables (F : fieldType) (n q r : nat) (P : 'M[F]_(n, q)) (cls : 'I_n -> 'I_r).
Variables (M : nat -> nat) (T : nat -> nat -> nat) (kappa : nat -> nat -> nat -> nat -> F).
Variables (e : nat -> nat -> nat -> 'cV[F]_q) (d z : nat -> nat -> nat -> 'cV[F]_n).

Definition only c m (A : 'M[F]_(n, m)) : 'M[F]_(n, m) := \matrix_(i, j) (A i j *+ (cls i == c)).
Definition trace_update k := \sum_(m < M k) \sum_(t < T k m) \sum_(s < t.+1)
  kappa k m t s *: (had (d k m s) (P *m e k m t) *m (z k m s)^T).

(* the slopes of step k, trial m and time s, one for each class *)
Hypothesis slopes : forall k m s, exists f : 'I_r -> F, forall i, d k m s i 0 = f (cls i).
Let S := (\sum_c <<(only c P)^T>>)%MS.

Lemma had_sub k m s (v : 'cV[F]_q) : ((had (d k m s) (P *m v))^T <= S)%MS.
Proof.
have [f ef] := slopes k m s.
have -> : had (d k m s) (P *m v) = \sum_c f c *: (only c P *m v).
  apply/matrixP => i j; rewrite (ord1 j) summxE (bigD1 (cls i)) //= big1 ?addr0 => [|c nc].
    rewrite !mxE ef; congr (_ * _); apply: eq_bigr => l _; by rewrite !mxE eqxx.
  by rewrite !mxE big1 ?mulr0 // => l _; rewrite !mxE eq_sym (negPf nc) mul0r.
by apply: cols_sum => c _; apply/colsZ/cols_mul; rewrite (sumsmx_sup c) // genmxE.
Qed.

Theorem trace_rank (c0 : nat -> F) (W : nat -> 'M[F]_n) k :
  spectral c0 W trace_update -> let D := W k - c0 k *: W 0%N in
  (D^T <= S)%MS /\ (\rank D <= \sum_c \rank (only c P))%N.
Proof.
move=> rW D; have sD : (D^T <= S)%MS.
  have [_ sDt] := rW k; apply: submx_trans sDt _; apply: row_span_sub => j _.
  apply: cols_sum => m _; apply: cols_sum => t _; apply: cols_sum => s _.
  by apply/colsZ/cols_mul; apply: had_sub.
split=> //; rewrite -mxrank_tr; apply: leq_trans (mxrankS sD) _.
rewrite /S; elim/big_rec2: _ => [|c x A _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen mxrank_tr.
Qed.
End Traces.

(* phi = id: slopes 1, one class *)
Theorem trace_rank_linear (F : fieldType) n q (P : 'M[F]_(n, q)) M T kappa e
    (z : nat -> nat -> nat -> 'cV[F]_n) (c0 : nat -> F) (W : nat -> 'M[F]_n) k :
  spectral c0 W (trace_update P M T kappa e (fun _ _ _ => const_mx 1) z) ->
  let D := W k - c0 k *: W 0%N in (D^T <= P^T)%MS /\ (\rank D <= \rank P)%N.
Proof.
move=> rW; pose cls (_ : 'I_n) : 'I_1 := 0.
have all_in : only cls 0 P = P by apply/matrixP => i j; rewrite mxE mulr1n.
have [|/= sD rD] := @trace_rank _ _ _ _ P cls M T kappa e _ z _ c0 W k rW.
  by move=> *; exists (fun=> 1) => i; rewrite mxE.
by move: sD rD; rewrite !big_ord1 all_in genmxE.
Qed.

Section Hebb.
Variables (F : fieldType) (n p q h : nat) (a w : F) (B : 'M[F]_(n, p)) (H : 'M[F]_(n, h)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q) (sel : nat -> nat -> 'cV[F]_h).
Variables (kappa : nat -> nat -> nat -> nat -> F) (c0 : nat -> F) (W : nat -> 'M[F]_n).
Local Notation state k m := (lhid a (W k) B (X k m)).
Definition hebb k := \sum_(m < M k) \sum_(s < (tT (X k m)).+1) \sum_(t < (tT (X k m)).+1)
  kappa k m s t *: (state k m s *m (state k m t)^T).
Hypotheses (rW : spectral c0 W hebb) (W0 : W 0%N = w%:M).
Hypothesis eh0 : forall k m, th0 (X k m) = H *m sel k m.
Let S := col_mx B^T H^T.

Theorem hebbian_rank k (D := W k - c0 k *: W 0%N) :
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + h)%N].
Proof.
have: (S <= S)%MS by []; rewrite {1}/S col_mx_sub => /andP[sB sH].
have sW0 : stable S (W 0%N) by rewrite W0; apply: stable_scalar.
have [j jk sWj|//|sD sDt] := visited_invariantW (spectral_keeps_space rW) sW0 (K := k) _ (k := k).
  have sh m t : (t <= tT (X j m))%N -> ((state j m t)^T <= S)%MS.
    move=> tT; apply: (hid_sub (C := 0 : 'M_(q, n))) sWj _ tT.
    apply: linear_visited_inside => [|t' _|t' _ _]; first by rewrite eh0; apply: cols_mul.
      exact: cols_mul.
    by rewrite trmx0 mul0mx trmx0 sub0mx.
  apply: sum_two_sided => m _; apply: sum_two_sided => s _; apply: sum_two_sided => t _.
  split; first by rewrite scalemx_sub // mulmx_sub // sh // -ltnS.
  by apply/colsZ/cols_mul/sh; rewrite -ltnS.
by split=> //; apply: leq_trans (mxrankS sD) (rank_leq_row _).
Qed.
End Hebb.

(* Main results: trace_rank trace_rank_linear hebbian_rank *)
