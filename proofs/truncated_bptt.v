(* truncated-bptt (checked by src/theorem/truncated_bptt.rs)

   Linear networks, h_0 = 0, W trained along gradients whose errors are carried back for
   tau steps at most: with A = (1-a) I + a W
     l_t = sum_{i < tau, t + i <= T} (A^T)^i C^T e_{t+i},   G = a sum_t l_{t+1} h_t^T.
   Let d = min (tau, T - 1). Trials of at most T steps, any number:
     any W_0:  rank G <= min (d q, (T-1) p),
     C fixed, GD-like:  rank D_K <= q + K (d - 1) q,  so q for ever if tau = 1,
     B fixed, GD-like:  rank D_K <= p + K (T - 2) p,
     B and C fixed, GD-like:  rank D_K <= p + q + K min (min (tau - 1, T - 3) q, (T - 3) p),
     W_0 = w I, B and C fixed, spectral:  rank D_K <= p + q.
   The full gradient is the case tau >= T: [cut_full].

     cut d t            l_t with d for tau
     cut_gradW tau      G of one trial                                           *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
From RankProof Require Import krylov_decay linear_growth few_trials.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Local Arguments lhid : simpl never.

Section Truncated.
Variable F : fieldType.

Section Trial.
Variables (n p q : nat) (a : F) (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variable x : trial F n p q.
Local Notation A := (step_matrix a W).

Fixpoint cut d t : 'cV[F]_n :=
  if d is r.+1 then (if (t <= tT x)%N then C^T *m te x t else 0) + A^T *m cut r t.+1 else 0.
Definition cut_gradW tau := a *: \sum_(t < tT x) cut tau t.+1 *m (lhid a W B x t)^T.

Lemma cut_beyond d t : (tT x < t)%N -> cut d t = 0.
Proof.
elim: d t => //= d IHd t Tt; rewrite IHd ?mulmx0 ?addr0; last exact: ltnW.
by rewrite leqNgt Tt.
Qed.

Lemma cut_full d t : (t <= tT x)%N -> (tT x - t < d)%N -> cut d t = ladj a W B C x t.
Proof.
elim: d t => //= d IHd t tT; rewrite tT ltnS => le; move: tT; rewrite leq_eqVlt => /predU1P[eT|tT].
  by rewrite cut_beyond ?eT // mulmx0 addr0 ladjT.
by rewrite ladj_step // IHd // -ltnS subnSK.
Qed.

Theorem truncated_full tau : (tT x <= tau)%N -> cut_gradW tau = lgradW a W B C x.
Proof.
move=> le; rewrite lgradWE; congr (_ *: _); apply: eq_bigr => t _; rewrite cut_full //.
by rewrite subnS (leq_trans _ le) // prednK ?subn_gt0 // leq_subr.
Qed.

Lemma cut_sub d t s (S : 'M[F]_(s, n)) : (C <= S)%MS -> (S *m A <= S)%MS -> ((cut d t)^T <= S)%MS.
Proof.
move=> sC sA; elim: d t => [|d IHd] t /=; first by rewrite trmx0 sub0mx.
apply: colsD; last by apply: cols_stable; rewrite ?trmxK.
by case: ifP => _; rewrite ?trmx0 ?sub0mx // cols_mul ?trmxK.
Qed.

Lemma cut_krylov d t : ((cut d t)^T <= krylov A C (minn d ((tT x).+1 - t)))%MS.
Proof.
elim: d t => [|d IHd] t /=; first by rewrite trmx0 sub0mx.
case: leqP => [tT|Tt]; last by rewrite add0r cut_beyond ?mulmx0 ?trmx0 ?sub0mx // ltnW.
rewrite subSn // minnSS; apply: colsD.
  by apply: cols_mul; rewrite trmxK krylov_gen.
by rewrite trmx_mul trmxK; apply: krylov_step; have := IHd t.+1; rewrite subSS.
Qed.
End Trial.

Section Batch.
Variables (n p q : nat) (a : F) (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (tau M T : nat) (X : nat -> trial F n p q).
Hypothesis leT : forall m, (m < M)%N -> (tT (X m) <= T)%N.
Hypothesis h0 : forall m, (m < M)%N -> th0 (X m) = 0.
Let d := minn tau T.-1.
Let G := \sum_(m < M) cut_gradW a W B C (X m) tau.

Theorem truncated_gradient :
  [/\ (G <= krylov (step_matrix a W)^T B^T T.-1)%MS, (G^T <= krylov (step_matrix a W) C d)%MS &
      (\rank G <= minn (d * q) (T.-1 * p))%N].
Proof.
have sG : (G <= krylov (step_matrix a W)^T B^T T.-1)%MS.
  rewrite summx_sub // => m _; rewrite scalemx_sub // summx_sub // => t _; rewrite mulmx_sub //.
  apply: submx_trans (krylov_hid_zero_start a W B t (h0 (ltn_ord m))) _; apply: krylovW.
  by rewrite -ltnS (leq_trans (ltn_ord t)) // (leq_trans (leT (ltn_ord m))) // leqSpred.
have sGt : (G^T <= krylov (step_matrix a W) C d)%MS.
  apply: cols_sum => m _; apply: colsZ; apply: cols_sum => -[[|t] tT] _ /=.
    by rewrite lhid0 (h0 (ltn_ord m)) trmx0 mulmx0 trmx0 sub0mx.
  apply: cols_mul; apply: submx_trans (cut_krylov _ _ _ _ _ _) _; apply: krylovW.
  rewrite /d leq_min geq_minl geq_min subSS -subn1; apply/orP; right.
  by apply: leq_sub; [apply: leT|].
split=> //; rewrite leq_min -{1}(mxrank_tr G).
by rewrite (leq_trans (mxrankS sG) (rank_krylov _ _ _)) (leq_trans (mxrankS sGt) (rank_krylov _ _ _)).
Qed.

(* both sides split off: the rows of the rest, and its columns *)
Theorem truncated_held_rows : held C B (inner_rows a W B T) 0 0 G.
Proof.
have z := held0 C B (inner_rows a W B T) 0; rewrite /G.
elim/big_ind: _ => // [D E|m _]; first exact: (heldD (r := 0) (s := 0)).
apply: heldZ; elim/big_ind: _ => // [D E|[t lt] _ /=]; first exact: (heldD (r := 0) (s := 0)).
have le := leT (ltn_ord m); have x0 := h0 (ltn_ord m).
case: t lt => [|t] lt; first by rewrite lhid0 x0 trmx0 mulmx0.
move: lt; rewrite leq_eqVlt => /predU1P[eT|lt].
  rewrite /cut; case: tau => [|r]; first by rewrite mul0mx.
  rewrite -/(cut a W C (X m) r _) cut_beyond -?eT ?ltnS // leqnn mulmx0 addr0 -mulmxA.
  exact: held_left.
rewrite lhid_step mulmxDr addrC; apply: (heldD (r := 0) (s := 0)).
  by rewrite mulmxA; apply: held_right.
apply: held_rows; rewrite mulmx_sub // submxMr //.
apply: submx_trans (krylov_hid_zero_start a W B t x0) _; apply: krylovW.
by have := leq_sub2r 3 (leq_trans lt le); rewrite !subSS subn0.
Qed.

Definition cut_columns : 'M[F]_n := krylov (step_matrix a W) C (minn tau.-1 (T - 3)) *m step_matrix a W.

Theorem truncated_held_columns : held C B 0 cut_columns 0 G.
Proof.
have z := held0 C B 0 cut_columns; rewrite /G.
elim/big_ind: _ => // [D E|m _]; first exact: (heldD (r := 0) (s := 0)).
apply: heldZ; elim/big_ind: _ => // [D E|[t lt] _ /=]; first exact: (heldD (r := 0) (s := 0)).
have le := leT (ltn_ord m); have x0 := h0 (ltn_ord m).
case: t lt => [|[|t]] lt; first by rewrite lhid0 x0 trmx0 mulmx0.
  rewrite lhidS lhid0 x0 mulmx0 scaler0 !add0r scalemxAr trmx_mul mulmxA; exact: held_right.
rewrite /cut_columns; case: tau => [|r] /=; first by rewrite mul0mx; apply: held0.
rewrite lt mulmxDl -mulmxA; apply: (heldD (r := 0) (s := 0)); first exact: held_left.
apply: held_columns; apply: cols_mul; rewrite trmx_mul trmxK submxMr //.
apply: submx_trans (cut_krylov _ _ _ _ _ _) _; apply: krylovW; rewrite leq_min geq_minl geq_min.
by apply/orP; right; rewrite subSS leq_sub.
Qed.
End Batch.

Section Learning.
Variables (n p q : nat) (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n).
Variables (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (tau T : nat) (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Hypothesis hyp : forall k m, (m < M k)%N -> (tT (X k m) <= T)%N /\ th0 (X k m) = 0.
Let d := minn tau T.-1.
Let G k := \sum_(m < M k) cut_gradW a (W k) (B k) (C k) (X k m) tau.

Let gradient k := truncated_gradient a (W k) (B k) (C k) tau
  (fun m mM => proj1 (hyp (k := k) (m := m) mM)) (fun m mM => proj2 (hyp (k := k) (m := m) mM)).

(* from any W_0, B free to change from step to step *)
Theorem truncated_bptt K : gd_like c0 W G -> (forall k, C k = C 0%N) ->
  (\rank (W K - c0 K *: W 0%N)%R <= q + K * ((d - 1) * q))%N.
Proof.
move=> rW eC; rewrite -[q in (q + _)%N]addn0.
apply: (parts_rank (C := C 0%N) (B := 0 : 'M_(n, 0))); apply: (gd_like_parts K rW) => k.
have [_ sGt _] := gradient k; rewrite subn1 -(eC k).
exact: parts_of_columns (submx_trans sGt (krylov_split _ _ _)) (rank_krylov_mul _ _ _ _).
Qed.

(* from any W_0, C free to change from step to step *)
Theorem truncated_rows K : gd_like c0 W G -> (forall k, B k = B 0%N) ->
  (\rank (W K - c0 K *: W 0%N)%R <= p + K * ((T - 2) * p))%N.
Proof.
move=> rW eB; rewrite -[p in (p + _)%N]add0n.
apply: (parts_rank (C := 0 : 'M_(0, n)) (B := B 0%N)); apply: (gd_like_parts K rW) => k.
have [sG _ _] := gradient k; rewrite subn2 -(eB k).
exact: parts_of_rows (submx_trans sG (krylov_split _ _ _)) (rank_krylov_mul _ _ _ _).
Qed.

(* from any W_0, both fixed *)
Theorem truncated_both K : gd_like c0 W G -> (forall k, B k = B 0%N) -> (forall k, C k = C 0%N) ->
  (\rank (W K - c0 K *: W 0%N)%R <= p + q + K * minn (minn tau.-1 (T - 3) * q) ((T - 3) * p))%N.
Proof.
move=> rW eB eC; have le k m mM := proj1 (hyp (k := k) (m := m) mM).
have x0 k m mM := proj2 (hyp (k := k) (m := m) mM).
have rank_of r : (forall k, parts (C 0%N) (B 0%N) r (G k)) ->
    (\rank (W K - c0 K *: W 0%N)%R <= p + q + K * r)%N.
  by move=> pG; rewrite (addnC p); apply/(parts_rank (C := C 0%N) (B := B 0%N))/(gd_like_parts K rW).
have partsW k r r' D : (r <= r')%N -> parts (C k) (B k) r D -> parts (C 0%N) (B 0%N) r' D.
  move=> rr [Y [Z [V [-> rV]]]]; exists Y, Z, V; rewrite -(eC k) -(eB k); split=> //.
  exact: leq_trans rV rr.
case: (leqP (minn tau.-1 (T - 3) * q) ((T - 3) * p)) => _; apply: rank_of => k.
  apply: partsW (held_parts (truncated_held_columns a (W k) (B k) (C k) tau (le k) (x0 k))).
  by rewrite mxrank0 addn0 rank_krylov_mul.
apply: partsW (held_parts (truncated_held_rows a (W k) (B k) (C k) tau (le k) (x0 k))).
by rewrite mxrank0 !addn0 rank_krylov_mul.
Qed.

(* from multiples of the identity *)
Theorem truncated_invariant w K : spectral c0 W G -> W 0%N = w%:M ->
  (forall k, B k = B 0%N) -> (forall k, C k = C 0%N) ->
  (\rank (W K - c0 K *: W 0%N)%R <= p + q)%N.
Proof.
move=> rW W0 eB eC; set S := col_mx (B 0%N)^T (C 0%N).
have: (S <= S)%MS by []; rewrite {1}/S col_mx_sub => /andP[sB sC].
have sW0 : stable S (W 0%N) by rewrite W0; apply: stable_scalar.
have [j jK sWj|//|sD _] := visited_invariantW (spectral_keeps_space rW) sW0 (K := K) _ (k := K).
  apply: sum_two_sided => m _; have [sWt sWj'] := sWj; have [_ x0] := hyp (ltn_ord m).
  rewrite eB eC; split; [apply: scalemx_sub | apply: colsZ].
    rewrite summx_sub // => t _; rewrite mulmx_sub //.
    apply: (hid_sub (C := 0 : 'M_(q, n))) sWj _ (ltnW (ltn_ord t)).
    by apply: linear_visited_inside => [|t' _|t' _ _];
      rewrite ?x0 ?trmx0 ?mul0mx ?trmx0 ?sub0mx // cols_mul.
  apply: cols_sum => t _; apply: cols_mul; apply: cut_sub => //.
  by rewrite /step_matrix mulmxDr mul_mx_scalar -scalemxAr addmx_sub ?scalemx_sub.
exact: leq_trans (mxrankS sD) (rank_leq_row _).
Qed.
End Learning.
End Truncated.

(* Main results: truncated_full truncated_gradient truncated_bptt truncated_rows truncated_both *)
(* Main results: truncated_invariant *)
