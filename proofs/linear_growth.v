(* linear-growth (checked by src/theorem/linear_growth.rs)

   Linear networks, any W_0, h_0 = 0, B and C fixed, W alone trained, by any GD-like
   optimizer; trials of length at most T, m = min (p, q). With A = (1-a) I + a W,
     h_t = A h_{t-1} + a B u_{t-1},    l_t = C^T e_t + A^T l_{t+1},
   so a gradient is C^T X + Y B^T + Z where the columns of Z lie in the span of the
   A^T (A^T)^i C^T and its rows in that of the A A^i B, i < T - 3. The first two parts
   have their columns in span C^T or their rows in span B, at every step the same. So
     rank (W_K - c_K W_0) <= p + q + K (T - 3) m.
   With one of the two sides shared, that of the smaller dimension,
     rank (W_K - c_K W_0) <= m + K (T - 2) m.
   The differences are those of natural numbers: 0 when T is smaller.

     parts C B r D        D = C^T X + Y B^T + Z for some X, Y and a Z of rank at most r;
                          a C without rows, or a B without columns, leaves one side  *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
From RankProof Require Import krylov_decay.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section LinearGrowth.
Variable F : fieldType.

Section Parts.
Variables (n p q : nat) (C : 'M[F]_(q, n)) (B : 'M[F]_(n, p)).

Definition parts r (D : 'M[F]_n) := exists X Y (Z : 'M[F]_n),
  D = C^T *m X + Y *m B^T + Z /\ (\rank Z <= r)%N.

Lemma parts_rank r D : parts r D -> (\rank D <= q + p + r)%N.
Proof.
case=> X [Y [Z [-> rZ]]]; apply: leq_trans (mxrank_add _ _) _; apply: leq_add rZ.
apply: leq_trans (mxrank_add _ _) (leq_add _ _).
  by apply: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
by apply: leq_trans (mxrankM_maxr _ _) (rank_leq_row _).
Qed.

(* the first two parts are shared, the third ones add up *)
Lemma parts_combination (G : nat -> 'M[F]_n) (c : nat -> F) r K :
  (forall k, parts r (G k)) -> parts (K * r) (\sum_(k < K) c k *: G k).
Proof.
move=> pG; elim: K => [|K [X [Y [Z [e rZ]]]]].
  by exists 0, 0, 0; rewrite big_ord0 mulmx0 mul0mx !addr0 mxrank0.
have [X' [Y' [Z' [e' rZ']]]] := pG K.
exists (X + c K *: X'), (Y + c K *: Y'), (Z + c K *: Z'); split; last first.
  rewrite mulSn addnC; apply: leq_trans (mxrank_add _ _) (leq_add rZ _).
  exact: leq_trans (mxrank_scale _ _) rZ'.
rewrite big_ord_recr /= e e' !scalerDr mulmxDr mulmxDl -scalemxAr -scalemxAl.
by rewrite [LHS]addrACA [X in X + _ = _]addrACA.
Qed.

Lemma gd_like_parts (c0 : nat -> F) (W G : nat -> 'M[F]_n) r K :
  gd_like c0 W G -> (forall k, parts r (G k)) -> parts (K * r) (W K - c0 K *: W 0%N).
Proof. by move=> rW pG; have [c ->] := rW K; rewrite addrC addKr; apply: parts_combination. Qed.
End Parts.

(* all powers but the first *)
Lemma krylov_split n s (M : 'M[F]_n) (S : 'M[F]_(s, n)) d :
  (krylov M S d <= S + krylov M S d.-1 *m M)%MS.
Proof.
apply/sumsmx_subP => -[[|i] lt_id] _; rewrite genmxE.
  by rewrite /= mulmx1 addsmxSl.
apply: submx_trans (addsmxSr _ _); rewrite mpowSr mulmxA submxMr //.
have lt_id' : (i < d.-1)%N by rewrite -ltnS (ltn_predK lt_id).
by rewrite (sumsmx_sup (Ordinal lt_id')) // genmxE.
Qed.

Lemma rank_krylov_mul n s (M N : 'M[F]_n) (S : 'M[F]_(s, n)) d :
  (\rank (krylov M S d *m N) <= d * s)%N.
Proof. exact: leq_trans (mxrankM_maxl _ _) (rank_krylov _ _ _). Qed.

Lemma parts_of_rows n p (B : 'M[F]_(n, p)) (R D : 'M[F]_n) r :
  (D <= B^T + R)%MS -> (\rank R <= r)%N -> parts (0 : 'M_(0, n)) B r D.
Proof.
move=> /sub_addsmxP[[Y V] /= ->] rR; exists 0, Y, (V *m R).
by rewrite mulmx0 add0r; split=> //; apply: leq_trans (mxrankM_maxr _ _) rR.
Qed.

Lemma parts_of_columns n q (C : 'M[F]_(q, n)) (S D : 'M[F]_n) r :
  (D^T <= C + S)%MS -> (\rank S <= r)%N -> parts C (0 : 'M_(n, 0)) r D.
Proof.
move=> /sub_addsmxP[[X V] /= e] rS; exists X^T, 0, (V *m S)^T.
rewrite mul0mx addr0 mxrank_tr -[D]trmxK e linearD /= !trmx_mul; split=> //.
exact: leq_trans (mxrankM_maxr _ _) rS.
Qed.

Section Trial.
Variables (n p q : nat) (a : F) (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Notation A := (step_matrix a W).

Lemma lhid_step (x : trial F n p q) t :
  (lhid a W B x t.+1)^T = (lhid a W B x t)^T *m A^T + (a *: tu x t)^T *m B^T.
Proof.
rewrite lhidS -!trmx_mul -[RHS](linearD (trmx_linear F n 1)); congr (_^T).
by rewrite mulmxDl mul_scalar_mx -scalemxAl -scalemxAr scalerDr addrA.
Qed.

Lemma ladj_step (x : trial F n p q) t : (t < tT x)%N ->
  ladj a W B C x t = C^T *m te x t + A^T *m ladj a W B C x t.+1.
Proof.
move=> tT; rewrite ladjS // -addrA; congr (_ + _).
by rewrite linearD linearZ /= tr_scalar_mx mulmxDl mul_scalar_mx -scalemxAl.
Qed.

Lemma krylov_hid_zero_start (x : trial F n p q) t : th0 x = 0 ->
  ((lhid a W B x t)^T <= krylov A^T B^T t)%MS.
Proof.
move=> h0; have sh : ((th0 x)^T <= (0 : 'M[F]_(0, n)))%MS by rewrite h0 trmx0 sub0mx.
apply: submx_trans (krylov_hid a W B sh t) _; rewrite addsmx_sub submx_refl /=.
suff /eqP-> : krylov A^T (0 : 'M[F]_(0, n)) t.+1 == 0 by rewrite sub0mx.
by rewrite -mxrank_eq0 -leqn0 (leq_trans (rank_krylov _ _ _)) // muln0.
Qed.

Variable T : nat.

(* the spaces of the third part *)
Definition inner_rows : 'M[F]_n := krylov A^T B^T (T - 3) *m A^T.
Definition inner_columns : 'M[F]_n := krylov A C (T - 3) *m A.
Definition inner_parts (D : 'M[F]_n) := exists X Y (Z : 'M[F]_n),
  [/\ D = C^T *m X + Y *m B^T + Z, (Z <= inner_rows)%MS & (Z^T <= inner_columns)%MS].

Lemma inner_parts0 : inner_parts 0.
Proof. by exists 0, 0, 0; rewrite mulmx0 mul0mx !addr0 trmx0 !sub0mx. Qed.

Lemma inner_partsD D D' : inner_parts D -> inner_parts D' -> inner_parts (D + D').
Proof.
case=> [X [Y [Z [-> sZ sZt]]]] [X' [Y' [Z' [-> sZ' sZt']]]].
exists (X + X'), (Y + Y'), (Z + Z'); split; [|exact: addmx_sub|exact: colsD].
by rewrite mulmxDr mulmxDl [LHS]addrACA [X in X + _ = _]addrACA.
Qed.

Lemma inner_partsZ c D : inner_parts D -> inner_parts (c *: D).
Proof.
case=> [X [Y [Z [-> sZ sZt]]]]; exists (c *: X), (c *: Y), (c *: Z).
by split; [rewrite -scalemxAr -scalemxAl !scalerDr | exact: scalemx_sub | exact: colsZ].
Qed.

Lemma inner_parts_rank D : inner_parts D -> parts C B ((T - 3) * minn p q) D.
Proof.
case=> [X [Y [Z [-> sZ sZt]]]]; exists X, Y, Z; split=> //.
rewrite minnMr leq_min -{2}(mxrank_tr Z).
by rewrite !(leq_trans (mxrankS sZ), leq_trans (mxrankS sZt)) ?rank_krylov_mul.
Qed.

(* l_{t+1} h_t^T *)
Lemma inner_parts_term (x : trial F n p q) t : (tT x <= T)%N -> th0 x = 0 -> (t < tT x)%N ->
  inner_parts (ladj a W B C x t.+1 *m (lhid a W B x t)^T).
Proof.
move=> leT h0; case: t => [|t] tT; first by rewrite lhid0 h0 trmx0 mulmx0; apply: inner_parts0.
move: tT; rewrite leq_eqVlt => /predU1P[eT|tT].
  exists (te x t.+2 *m (lhid a W B x t.+1)^T), 0, 0.
  by rewrite mul0mx !addr0 trmx0 !sub0mx mulmxA {1 2}eT ladjT.
set l := ladj a W B C x t.+3; set h := lhid a W B x t.
exists (te x t.+2 *m (lhid a W B x t.+1)^T), (A^T *m l *m (a *: tu x t)^T), (A^T *m l *m (h^T *m A^T)).
split.
- rewrite ladj_step // -/l mulmxDl mulmxA -addrA; congr (_ + _).
  by rewrite lhid_step mulmxDr [LHS]addrC !mulmxA.
- rewrite mulmx_sub // submxMr //; apply: submx_trans (krylov_hid_zero_start t h0) _.
  by apply: krylovW; rewrite leq_subRL ?(leq_trans _ leT) // (leq_trans _ tT).
case: (posnP t) => [t0|t0]; first by rewrite /h t0 lhid0 h0 trmx0 mul0mx mulmx0 trmx0 sub0mx.
apply: cols_mul; rewrite trmx_mul trmxK submxMr //.
apply: submx_trans (krylov_adj a W B C tT) _; apply: krylovW.
by rewrite subnSK // leq_sub.
Qed.

Lemma inner_parts_trial (x : trial F n p q) : (tT x <= T)%N -> th0 x = 0 ->
  inner_parts (lgradW a W B C x).
Proof.
move=> leT h0; rewrite lgradWE; apply: inner_partsZ.
elim/big_ind: _ => [|D D'|t _]; [exact: inner_parts0 | exact: inner_partsD |].
exact: inner_parts_term.
Qed.

(* any number of trials of length at most T *)
Variables (M : nat) (X : nat -> trial F n p q).
Hypothesis leT : forall m, (m < M)%N -> (tT (X m) <= T)%N.
Hypothesis h0 : forall m, (m < M)%N -> th0 (X m) = 0.
Let G := \sum_(m < M) lgradW a W B C (X m).

Theorem gradient_parts : parts C B ((T - 3) * minn p q) G.
Proof.
apply: inner_parts_rank; rewrite /G.
elim/big_ind: _ => [|D D'|m _]; [exact: inner_parts0 | exact: inner_partsD |].
by apply: inner_parts_trial; [apply: leT | apply: h0].
Qed.

Theorem gradient_parts_rows : parts (0 : 'M_(0, n)) B ((T - 2) * p) G.
Proof.
have [sG _ _] := krylov_gradient_zero_start a W B C leT h0; rewrite subn2.
exact: parts_of_rows (submx_trans sG (krylov_split _ _ _)) (rank_krylov_mul _ _ _ _).
Qed.

Theorem gradient_parts_columns : parts C (0 : 'M_(n, 0)) ((T - 2) * q) G.
Proof.
have [_ sGt _] := krylov_gradient_zero_start a W B C leT h0; rewrite subn2.
exact: parts_of_columns (submx_trans sGt (krylov_split _ _ _)) (rank_krylov_mul _ _ _ _).
Qed.
End Trial.

(* the trajectory from ARBITRARY W_0, B and C fixed *)
Theorem linear_growth n p q (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n)
    (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n))
    (M : nat -> nat) (X : nat -> nat -> trial F n p q) T K :
  gd_like c0 W (fun k => \sum_(m < M k) lgradW a (W k) B C (X k m)) ->
  (forall k m, (m < M k)%N -> (tT (X k m) <= T)%N /\ th0 (X k m) = 0) ->
  (\rank (W K - c0 K *: W 0%N)%R <=
     minn (minn p q + K * ((T - 2) * minn p q)) (p + q + K * ((T - 3) * minn p q)))%N.
Proof.
move=> rW hyp.
have leT k m : (m < M k)%N -> (tT (X k m) <= T)%N by case/hyp.
have h0 k m : (m < M k)%N -> th0 (X k m) = 0 by case/hyp.
have both := gd_like_parts K rW (fun k => gradient_parts a (W k) B C (leT k) (h0 k)).
have rows := gd_like_parts K rW (fun k => gradient_parts_rows a (W k) B C (leT k) (h0 k)).
have cols := gd_like_parts K rW (fun k => gradient_parts_columns a (W k) B C (leT k) (h0 k)).
rewrite leq_min (addnC p q) (parts_rank both) andbT.
by case: (leqP p q) => _; [have := parts_rank rows | have := parts_rank cols; rewrite addn0].
Qed.
End LinearGrowth.

(* Main results: gradient_parts linear_growth *)
