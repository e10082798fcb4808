(* few trials (goes with linear-growth, checked by src/theorem/linear_growth.rs)

   Linear networks, any W_0, h_0 = 0, B and C fixed, W alone trained by any GD-like
   optimizer; at most M trials of at most T steps in each gradient, whose first inputs
   u_0 lie in a space of alpha dimensions, the same at every step (for one data set:
   that of its first inputs). With m = min (p, q), after K gradients
     rank D_K <= alpha + min (q, K M) + K M (T - 3),
                 alpha + q + K q (T - 3),
                 p + min (q, K M) + K p (T - 3),
                 m + K m (T - 2),    K m (T - 1),    K M (T - 1),
   and rank D_K <= min (q, alpha) for T = 2. The differences are those of natural
   numbers; for T = 1 the last one says that nothing is learned.
   Of the terms l_{t+1} h_t^T of a trial the one with t = 0 vanishes, that with t = 1
   has its rows in span (B u_0), the last one its columns in span C^T, each in the
   same space at all steps; every other has rank one.

     held C B R L r D   D = C^T X + Y B^T + U + V^T + Z, rows of U in R, of V in L,
                        rank Z <= r                                            *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
From RankProof Require Import krylov_decay linear_growth.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Lemma count_between n i j : (\sum_(t < n) ((i <= t) && (t < j)) <= j - i)%N.
Proof.
suff -> : (\sum_(t < n) ((i <= t) && (t < j)) = minn n j - i)%N by rewrite leq_sub2r ?geq_minr.
elim: n => [|n IHn]; first by rewrite big_ord0 min0n.
rewrite big_ord_recr /= {}IHn; case: (ltnP n j) => [nj|jn]; last first.
  by rewrite andbF addn0 (minn_idPr (leqW jn)).
rewrite andbT (minn_idPl nj); have [le|lt] := leqP i n; first by rewrite subSn // addn1.
by rewrite addn0; apply/eqP; rewrite (eqP (ltnW lt : n - i == 0)%N) eq_sym subn_eq0.
Qed.

Section FewTrials.
Variable F : fieldType.

Section Held.
Variables (n p q : nat) (C : 'M[F]_(q, n)) (B : 'M[F]_(n, p)) (R L : 'M[F]_n).

Definition held r (D : 'M[F]_n) := exists X Y (U V Z : 'M[F]_n),
  [/\ D = C^T *m X + Y *m B^T + (U + V^T) + Z, (U <= R)%MS, (V <= L)%MS & (\rank Z <= r)%N].

Lemma held_small r D : (\rank D <= r)%N -> held r D.
Proof. by exists 0, 0, 0, 0, D; rewrite mulmx0 mul0mx trmx0 !add0r !sub0mx. Qed.

Lemma held0 : held 0 0. Proof. by apply: held_small; rewrite mxrank0. Qed.

Lemma held_rows D : (D <= R)%MS -> held 0 D.
Proof. by exists 0, 0, D, 0, 0; rewrite mulmx0 mul0mx trmx0 !add0r !addr0 mxrank0 sub0mx. Qed.

Lemma held_columns D : (D^T <= L)%MS -> held 0 D.
Proof. by exists 0, 0, 0, D^T, 0; rewrite mulmx0 mul0mx trmxK !add0r !addr0 mxrank0 sub0mx. Qed.

Lemma held_left X : held 0 (C^T *m X).
Proof. by exists X, 0, 0, 0, 0; rewrite mul0mx trmx0 !addr0 !sub0mx mxrank0. Qed.

Lemma held_right Y : held 0 (Y *m B^T).
Proof. by exists 0, Y, 0, 0, 0; rewrite mulmx0 trmx0 add0r !addr0 !sub0mx mxrank0. Qed.

Lemma heldW r s D : (r <= s)%N -> held r D -> held s D.
Proof.
by move=> rs [X [Y [U [V [Z [e sU sV rZ]]]]]]; exists X, Y, U, V, Z; split=> //; apply: leq_trans rs.
Qed.

Lemma heldD r s D E : held r D -> held s E -> held (r + s) (D + E).
Proof.
move=> [X [Y [U [V [Z [-> sU sV rZ]]]]]] [X' [Y' [U' [V' [Z' [-> sU' sV' rZ']]]]]].
exists (X + X'), (Y + Y'), (U + U'), (V + V'), (Z + Z').
split; [|exact: addmx_sub|exact: addmx_sub|].
  rewrite mulmxDr mulmxDl [(V + V')^T]linearD /= (addrACA U) [LHS]addrACA; congr (_ + _).
  by rewrite [LHS]addrACA [X in X + _ = _]addrACA.
exact: leq_trans (mxrank_add _ _) (leq_add rZ rZ').
Qed.

Lemma heldZ r c D : held r D -> held r (c *: D).
Proof.
move=> [X [Y [U [V [Z [-> sU sV rZ]]]]]]; exists (c *: X), (c *: Y), (c *: U), (c *: V), (c *: Z).
split; [|exact: scalemx_sub|exact: scalemx_sub|exact: leq_trans (mxrank_scale _ _) rZ].
by rewrite !scalerDr -scalemxAr -scalemxAl [(c *: V)^T]linearZ.
Qed.

Lemma held_sum k (r : nat -> nat) (D : nat -> 'M[F]_n) :
  (forall i, (i < k)%N -> held (r i) (D i)) -> held (\sum_(i < k) r i) (\sum_(i < k) D i).
Proof.
elim: k => [|k IHk] hD; first by rewrite !big_ord0; apply: held0.
by rewrite !big_ord_recr; apply: heldD; [apply: IHk => i ik; apply/hD/ltnW | apply: hD].
Qed.

Lemma held_parts r D : held r D -> parts C B (\rank R + \rank L + r) D.
Proof.
move=> [X [Y [U [V [Z [-> sU sV rZ]]]]]]; exists X, Y, (U + V^T + Z); rewrite !addrA; split=> //.
apply: leq_trans (mxrank_add _ _) (leq_add _ rZ); apply: leq_trans (mxrank_add _ _) _.
by rewrite mxrank_tr; apply: leq_add; apply: mxrankS.
Qed.
End Held.

(* one gradient: trials of at most T steps, from h_0 = 0, first inputs U y *)
Section Gradient.
Variables (n p q s : nat) (a : F) (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (U : 'M[F]_(p, s)) (M T : nat) (X : nat -> trial F n p q).
Hypothesis trials : forall m, (m < M)%N ->
  [/\ (tT (X m) <= T)%N, th0 (X m) = 0 & exists y, tu (X m) 0%N = U *m y].
Local Notation l m := (ladj a W B C (X m)).
Local Notation h m := (lhid a W B (X m)).
Local Notation G := (\sum_(m < M) lgradW a W B C (X m)).
Local Notation none := (0 : 'M[F]_(0, n)).
Local Notation none' := (0 : 'M[F]_(n, 0)).

(* the terms i <= t < j, at most d in each trial, are of rank one and no more *)
Lemma gradient_held q' p' (C' : 'M[F]_(q', n)) (B' : 'M[F]_(n, p')) R L (i j : nat -> nat) d :
  (forall m, (m < M)%N -> (j (tT (X m)) - i (tT (X m)) <= d)%N) ->
  (forall m t, (m < M)%N -> (0 < t < tT (X m))%N -> ~~ (i (tT (X m)) <= t < j (tT (X m)))%N ->
     held C' B' R L 0 (l m t.+1 *m (h m t)^T)) ->
  held C' B' R L (M * d) G.
Proof.
move=> few inside; have -> : (M * d = \sum_(m < M) d)%N by rewrite sum_nat_const card_ord.
apply: (held_sum (r := fun=> d) (D := fun m => lgradW a W B C (X m))) => m mM.
have [_ h0 _] := trials mM; rewrite lgradWE; apply: heldZ.
pose free t := (i (tT (X m)) <= t)%N && (t < j (tT (X m)))%N.
apply: (heldW (r := \sum_(t < tT (X m)) free t)).
  exact: leq_trans (count_between _ _ _) (few m mM).
apply: (held_sum (r := fun t => free t) (D := fun t => l m t.+1 *m (h m t)^T)) => t tT.
have [_|nf] := boolP (free t).
  by apply: held_small; apply: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
case: t tT nf => [|t] tT nf; last exact: inside.
by rewrite lhid0 h0 trmx0 mulmx0; apply: held0.
Qed.

Lemma first_term q' (C' : 'M[F]_(q', n)) R L m : (m < M)%N ->
  held C' (B *m U) R L 0 (l m 2 *m (h m 1)^T).
Proof.
move=> mM; have [_ h0 [y eu]] := trials mM.
rewrite lhidS lhid0 h0 mulmx0 scaler0 !add0r eu mulmxA scalemxAr trmx_mul mulmxA.
exact: held_right.
Qed.

Lemma last_term p' (B' : 'M[F]_(n, p')) R L m t : t.+1 = tT (X m) ->
  held C B' R L 0 (l m t.+1 *m (h m t)^T).
Proof. by move=> ->; rewrite ladjT -mulmxA; apply: held_left. Qed.

Theorem few_first_last : held C (B *m U) 0 0 (M * (T - 3)) G.
Proof.
apply: (gradient_held (i := fun=> 2%N) (j := predn)) => [m mM|m t mM /andP[t0 tT]].
  by have [leT _ _] := trials mM; rewrite -subn1 -subnDA leq_sub2r.
case: t t0 tT => [//|[|t]] _ tT; first by move=> _; apply: first_term.
rewrite -leqNgt /= -ltnS (ltn_predK tT) => le.
by apply: last_term; apply/eqP; rewrite eqn_leq tT.
Qed.

Theorem few_first : held none (B *m U) 0 0 (M * (T - 2)) G.
Proof.
apply: (gradient_held (i := fun=> 2%N) (j := id)) => [m mM|m t mM /andP[t0 tT]].
  by have [leT _ _] := trials mM; rewrite leq_sub2r.
by case: t t0 tT => [//|[|t]] _ tT; [move=> _; apply: first_term | rewrite tT].
Qed.

Theorem few_last : held C none' 0 0 (M * (T - 2)) G.
Proof.
apply: (gradient_held (i := fun=> 1%N) (j := predn)) => [m mM|m t mM /andP[t0 tT]].
  by have [leT _ _] := trials mM; rewrite -subn1 -subnDA leq_sub2r.
rewrite t0 -leqNgt -ltnS (ltn_predK tT) => le.
by apply: last_term; apply/eqP; rewrite eqn_leq tT.
Qed.

Theorem few_terms : held none none' 0 0 (M * (T - 1)) G.
Proof.
apply: (gradient_held (i := fun=> 1%N) (j := id)) => [m mM|m t mM /andP[t0 tT]].
  by have [leT _ _] := trials mM; rewrite leq_sub2r.
by rewrite t0 tT.
Qed.

(* the rows of all but the last term, the columns of all but the first *)
Theorem few_rows : held none B (inner_rows a W B T) 0 (M * 1) G.
Proof.
apply: (gradient_held (i := predn) (j := id)) => [m _|m [//|t] mM /= tT].
  by case: (tT _) => // d; rewrite subSnn.
have [leT h0 _] := trials mM; rewrite tT andbT -ltnNge => lt.
rewrite lhid_step mulmxDr addrC; apply: (heldD (r := 0) (s := 0)).
  by rewrite mulmxA; apply: held_right.
apply: held_rows; rewrite mulmx_sub // submxMr //.
apply: submx_trans (krylov_hid_zero_start a W B t h0) _; apply: krylovW.
rewrite -ltnS (ltn_predK tT) in lt.
by have := leq_sub2r 3 (leq_trans lt leT); rewrite !subSS subn0.
Qed.

Theorem few_columns : held C (B *m U) 0 (inner_columns a W C T) (M * 0) G.
Proof.
apply: (gradient_held (i := fun=> 0%N) (j := fun=> 0%N)) => [//|m t mM /andP[t0 tT] _].
case: t t0 tT => [//|[|t]] _ tT; first exact: first_term.
have [leT h0 _] := trials mM; move: tT; rewrite leq_eqVlt => /predU1P[eT|tT].
  exact: last_term.
rewrite ladj_step // mulmxDl -mulmxA; apply: (heldD (r := 0) (s := 0)); first exact: held_left.
apply: held_columns; apply: cols_mul; rewrite trmx_mul trmxK submxMr //.
apply: submx_trans (krylov_adj a W B C tT) _; apply: krylovW.
by rewrite subnSK // leq_sub.
Qed.
End Gradient.

Theorem few_trials n p q s (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n) (B : 'M[F]_(n, p))
    (C : 'M[F]_(q, n)) (first : 'M[F]_(s, p)) (M T : nat) (batch : nat -> nat)
    (X : nat -> nat -> trial F n p q) (al := \rank first) (m := minn p q) K :
  gd_like c0 W (fun k => \sum_(i < batch k) lgradW a (W k) B C (X k i)) ->
  (forall k, (batch k <= M)%N) ->
  (forall k i, (i < batch k)%N ->
     [/\ (tT (X k i) <= T)%N, th0 (X k i) = 0 & ((tu (X k i) 0%N)^T <= first)%MS]) ->
  let r := \rank (W K - c0 K *: W 0%N)%R in
  [&& (r <= al + minn q (K * M) + K * M * (T - 3))%N,
      (r <= al + q + K * q * (T - 3))%N, (r <= p + minn q (K * M) + K * p * (T - 3))%N,
      (r <= m + K * m * (T - 2))%N, (r <= K * m * (T - 1))%N & (r <= K * M * (T - 1))%N] /\
  ((T <= 2)%N -> (r <= minn q al)%N).
Proof.
move=> rW few hyp r; pose U := (row_base first)^T.
have trials k i : (i < batch k)%N ->
    [/\ (tT (X k i) <= T)%N, th0 (X k i) = 0 & exists y, tu (X k i) 0%N = U *m y].
  case/hyp => leT h0; rewrite -(eq_row_base first) => /submxP[y e]; split=> //.
  by exists y^T; rewrite -trmx_mul -e trmxK.
have rank_of q' p' (C' : 'M[F]_(q', n)) (B' : 'M[F]_(n, p')) R L d :
    (forall k, held C' B' (R k) (L k) (batch k * d) (\sum_(i < batch k) lgradW a (W k) B C (X k i))) ->
    forall e, (forall k, \rank (R k) + \rank (L k) <= e)%N -> (r <= q' + p' + K * (e + M * d))%N.
  move=> hG e rRL; apply: (parts_rank (C := C') (B := B')); apply: (gd_like_parts K rW) => k.
  have [Y [V [Z [eG rZ]]]] := held_parts (hG k); exists Y, V, Z; split=> //; apply: leq_trans rZ _.
  by rewrite leq_add // leq_mul2r few orbT.
have none (k : nat) : (\rank (0%R : 'M[F]_n) + \rank (0%R : 'M[F]_n) <= 0)%N by rewrite mxrank0.
have le_rows k : (\rank (inner_rows a (W k) B T) + \rank (0%R : 'M[F]_n) <= (T - 3) * p)%N.
  by rewrite mxrank0 addn0 rank_krylov_mul.
have le_columns k : (\rank (0%R : 'M[F]_n) + \rank (inner_columns a (W k) C T) <= (T - 3) * q)%N.
  by rewrite mxrank0 rank_krylov_mul.
have r1 := rank_of _ _ _ _ _ _ _ (fun k => few_first_last a (W k) B C (trials k)) _ none.
have r2 := rank_of _ _ _ _ _ _ _ (fun k => few_first a (W k) B C (trials k)) _ none.
have r3 := rank_of _ _ _ _ _ _ _ (fun k => few_last a (W k) B C (trials k)) _ none.
have r4 := rank_of _ _ _ _ _ _ _ (fun k => few_terms a (W k) B C (trials k)) _ none.
have r5 := rank_of _ _ _ _ _ _ _ (fun k => few_rows a (W k) B C (trials k)) _ le_rows.
have r6 := rank_of _ _ _ _ _ _ _ (fun k => few_columns a (W k) B C (trials k)) _ le_columns.
rewrite !muln0 !addn0 in r6; rewrite muln1 in r5; rewrite !add0n in r1 r2 r3 r4 r5.
have hyp' k i : (i < batch k)%N -> (tT (X k i) <= T)%N /\ th0 (X k i) = 0 by case/hyp.
have := linear_growth (T := T) K rW hyp'; rewrite leq_min -/r -/m => /andP[r7 r8].
have [r9 _] := krylov_trajectory (T := T) K rW hyp'; rewrite -/r -/m in r9.
have one d : (d * (T - 2) <= d + d * (T - 3))%N.
  have le : (T - 2 <= 1 + (T - 3))%N by rewrite -leq_subLR -subnDA.
  by rewrite -mulnS leq_mul2l le orbT.
split; last first.
  by move=> T2; move: r2 r3; rewrite (eqP T2) !muln0 !addn0 leq_min => -> ->.
apply/and5P; split.
- rewrite addn_minr addn_minl leq_min (addnC al q) -mulnA r1 /=; apply: leq_trans r2 _.
  by rewrite -addnA leq_add2l !mulnA one.
- by rewrite (addnC al) -mulnA (mulnC q).
- rewrite addn_minr addn_minl leq_min -[(K * p * _)%N]mulnA [(p * (T - 3))%N]mulnC; apply/andP; split.
    by apply: leq_trans r8 _; rewrite leq_add2l !leq_mul2l geq_minl !orbT.
  by apply: leq_trans r5 _; rewrite mulnDr [(K * _ + K * M)%N]addnC addnA.
- by rewrite -mulnA (mulnC m).
- by rewrite -!mulnA r4 andbT (mulnC m) subn1.
Qed.
End FewTrials.

(* Main results: few_first_last few_first few_last few_terms few_rows few_columns few_trials *)
