(* growth by spectral rules (goes with linear-growth, checked by src/theorem/linear_growth.rs)

   Linear networks, any W_0, h_0 = 0, B and C fixed, W alone trained by a method whose
   changes have their rows and columns in those of the gradients so far (Muon, Shampoo);
   at most M trials of at most T steps in each gradient, whose first inputs lie in a space
   of alpha dimensions. After K gradients
     rank D_K <= p + K p (T - 2),    q + K q (T - 2),    alpha + K M (T - 2).
   A gradient is Y B^T + Z, or C^T X + Z, or Y (B U)^T + Z with few dimensions in Z, so its
   rows, or its columns, lie in a space that all gradients share and in one of their own. *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
From RankProof Require Import krylov_decay linear_growth few_trials.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section SpectralGrowth.
Variable F : fieldType.

(* matrices with rows in a space that they share and in one of their own *)
Lemma rank_shared n s (R : 'M[F]_(s, n)) (G : nat -> 'M[F]_n) r K :
  (forall k, (k < K)%N -> exists Z : 'M_n, (G k <= R + Z)%MS /\ (\rank Z <= r)%N) ->
  (\rank (row_span G K) <= \rank R + K * r)%N.
Proof.
move=> own; suff [S [sS rS]] : exists S : 'M_n, (row_span G K <= R + S)%MS /\ (\rank S <= K * r)%N.
  apply: leq_trans (mxrankS sS) _; apply: leq_trans (mxrank_adds_leqif _ _) _.
  by rewrite leq_add2l.
elim: K own => [|K IHK] own; first by exists 0; rewrite row_span0 sub0mx mxrank0.
have [S [sS rS]] := IHK (fun k kK => own k (ltnW kK)); have [Z [sZ rZ]] := own K (ltnSn K).
exists (S + Z)%MS; split; last first.
  by rewrite mulSn addnC; apply: leq_trans (mxrank_adds_leqif _ _) (leq_add rS rZ).
apply: row_span_sub => k; rewrite ltnS leq_eqVlt => /predU1P[->|kK].
  by apply: submx_trans sZ _; rewrite addsmxS // addsmxSr.
apply: submx_trans (sub_row_span G kK) (submx_trans sS _).
by rewrite addsmxS // addsmxSl.
Qed.

Section Rule.
Variables (n : nat) (c0 : nat -> F) (W G : nat -> 'M[F]_n) (K r : nat).
Hypothesis rule : spectral c0 W G.

Theorem spectral_rows p (B : 'M[F]_(n, p)) :
  (forall k, (k < K)%N -> parts (0 : 'M_(0, n)) B r (G k)) ->
  (\rank (W K - c0 K *: W 0%N)%R <= p + K * r)%N.
Proof.
move=> own; have [sD _] := rule K; apply: leq_trans (mxrankS sD) _.
apply: (@leq_trans (\rank B^T + K * r)); last by rewrite leq_add2r rank_leq_row.
apply: rank_shared => k kK; have [X [Y [Z [-> rZ]]]] := own k kK; exists Z; split=> //.
by rewrite trmx0 mul0mx add0r addmx_sub_adds ?submxMl.
Qed.

Theorem spectral_columns q (C : 'M[F]_(q, n)) :
  (forall k, (k < K)%N -> parts C (0 : 'M_(n, 0)) r (G k)) ->
  (\rank (W K - c0 K *: W 0%N)%R <= q + K * r)%N.
Proof.
move=> own; have [_ sD] := rule K; rewrite -mxrank_tr; apply: leq_trans (mxrankS sD) _.
apply: (@leq_trans (\rank C + K * r)); last by rewrite leq_add2r rank_leq_row.
apply: rank_shared => k kK; have [X [Y [Z [e rZ]]]] := own k kK.
exists Z^T; split; last by rewrite mxrank_tr.
rewrite /tr_seq e trmx0 mulmx0 addr0 [(_ + _)^T]linearD /= trmx_mul trmxK.
by rewrite addmx_sub_adds ?submxMl.
Qed.
End Rule.

Theorem spectral_growth n p q s (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n) (B : 'M[F]_(n, p))
    (C : 'M[F]_(q, n)) (first : 'M[F]_(s, p)) (M T : nat) (batch : nat -> nat)
    (X : nat -> nat -> trial F n p q) K :
  spectral c0 W (fun k => \sum_(i < batch k) lgradW a (W k) B C (X k i)) ->
  (forall k, (batch k <= M)%N) ->
  (forall k i, (i < batch k)%N ->
     [/\ (tT (X k i) <= T)%N, th0 (X k i) = 0 & ((tu (X k i) 0%N)^T <= first)%MS]) ->
  let r := \rank (W K - c0 K *: W 0%N)%R in
  [/\ (r <= p + K * ((T - 2) * p))%N, (r <= q + K * ((T - 2) * q))%N &
      (r <= \rank first + K * (M * (T - 2)))%N].
Proof.
move=> rule few hyp r; pose U := (row_base first)^T.
have leT k i : (i < batch k)%N -> (tT (X k i) <= T)%N by case/hyp.
have h0 k i : (i < batch k)%N -> th0 (X k i) = 0 by case/hyp.
split.
- by apply: (spectral_rows rule) => k _; exact: (gradient_parts_rows a (W k) B C (leT k) (h0 k)).
- by apply: (spectral_columns rule) => k _; exact: (gradient_parts_columns a (W k) B C (leT k) (h0 k)).
apply: (spectral_rows rule (B := B *m U)) => k _.
have trials i : (i < batch k)%N ->
    [/\ (tT (X k i) <= T)%N, th0 (X k i) = 0 & exists y, tu (X k i) 0%N = U *m y].
  case/hyp => leTi h0i; rewrite -(eq_row_base first) => /submxP[y e]; split=> //.
  by exists y^T; rewrite -trmx_mul -e trmxK.
have [Y [V [Z [e rZ]]]] := held_parts (few_first a (W k) B C trials).
exists Y, V, Z; split=> //; apply: leq_trans rZ _.
by rewrite mxrank0 !add0n leq_mul2r few orbT.
Qed.
End SpectralGrowth.

(* Main results: spectral_rows spectral_columns spectral_growth *)
