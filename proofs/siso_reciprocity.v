(* siso-reciprocity (checked by src/theorem/siso_reciprocity.rs)

   Linear networks with one input and one output, b = B, c = C^T, W_0 = w I, h_0 = 0,
   W trained. Every D_k lies in the span of c b^T, b c^T and
   (c.c) b b^T + (b.b) c c^T: r3 <= 3 and CP rank <= 3. That space is spanned by
   three matrices of rank one over every ring: c b^T, b c^T and
   (c + (c.c) b) ((b.b) c + b)^T. Over every ring it is closed under X Y^T X as well
   ([reciprocal_triple]), so that Muon keeps it: [siso_muon]. Initial states along b,
   another for each trial, are one more time step: [siso_along_input].

     bw, fw, corr          backward and forward filters, their correlation: it is
                           symmetric in the two filters ([corr_sym]), which is why
     reciprocal b c x y z  the matrix of the space with coefficients x, y, z
     dot u v               u . v                                               *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance tensor_rank.
From RankProof Require Import inputs.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Reflect.
Variables (R : comRingType) (T : nat) (e u : nat -> R).
Implicit Types f g : nat -> R.

(* backward and forward filters *)
Definition bw f t := \sum_(s < T.+1 | (t <= s)%N) e s * f (s - t)%N.
Definition fw f t := \sum_(s < T | (s < t)%N) u s * f (t - s.+1)%N.

Lemma bw_rec f f1 f2 k1 k2 t : (forall r, f r.+1 = k1 * f1 r + k2 * f2 r) -> (t <= T)%N ->
  bw f t = e t * f 0%N + k1 * bw f1 t.+1 + k2 * bw f2 t.+1.
Proof.
move=> rec tT; rewrite /bw (bigD1 (Ordinal (tT : (t < T.+1)%N))) //= subnn -addrA; congr (_ + _).
rewrite !mulr_sumr -big_split; apply: eq_big => s.
  by rewrite -val_eqE /= ltn_neqAle eq_sym andbC.
rewrite -val_eqE /= => /andP[ts ns]; have lt : (t < s)%N by rewrite ltn_neqAle eq_sym ns.
by rewrite -(subnSK lt) rec mulrDr !mulrA ![_ * e s]mulrC.
Qed.

Lemma bw_end f : bw f T.+1 = 0.
Proof. by rewrite /bw big_pred0 // => s; rewrite leqNgt ltn_ord. Qed.

Lemma fw_rec f f1 f2 k1 k2 t : (forall r, f r.+1 = k1 * f1 r + k2 * f2 r) -> (t < T)%N ->
  fw f t.+1 = u t * f 0%N + k1 * fw f1 t + k2 * fw f2 t.
Proof.
move=> rec tT; rewrite /fw (bigD1 (Ordinal tT)) //= subnn -addrA; congr (_ + _).
rewrite !mulr_sumr -big_split; apply: eq_big => s; first by rewrite -val_eqE /= ltnS ltn_neqAle andbC.
rewrite -val_eqE /= => /andP[ts ns]; have lt : (s < t)%N by rewrite ltn_neqAle ns -ltnS.
by rewrite subSS -(subnSK lt) rec mulrDr !mulrA ![_ * u s]mulrC.
Qed.

Lemma fw0 f : fw f 0 = 0.
Proof. by rewrite /fw big_pred0. Qed.

Definition corr f g := \sum_(t < T) bw f t.+1 * fw g t.

Lemma corrE f g : corr f g = \sum_(s' < T.+1) \sum_(s < T) e s' * u s *
  \sum_(s.+1 <= t < s') f (s' - t.+1)%N * g (t - s.+1)%N.
Proof.
transitivity (\sum_(t < T) \sum_(s' < T.+1) \sum_(s < T)
    if (t < s')%N && (s < t)%N then e s' * u s * (f (s' - t.+1)%N * g (t - s.+1)%N) else 0).
  apply: eq_bigr => t _; rewrite /bw /fw [X in X * _]big_mkcond [X in _ * X]big_mkcond big_distrlr /=.
  apply: eq_bigr => s' _; apply: eq_bigr => s _.
  by case: ltnP => _; case: ltnP => _ //=; rewrite ?mul0r ?mulr0 // mulrACA.
rewrite exchange_big; apply: eq_bigr => s' _; rewrite exchange_big; apply: eq_bigr => s _ /=.
rewrite mulr_sumr (@big_nat_widen _ _ _ _ _ T) /=; last by rewrite -ltnS.
by rewrite big_geq_mkord [RHS]big_mkcond.
Qed.

Theorem corr_sym f g : corr f g = corr g f.
Proof.
rewrite !corrE; apply: eq_bigr => s' _; apply: eq_bigr => s _; congr (_ * _).
rewrite big_nat_rev /=; apply: eq_big_nat => t /andP[st ts].
pose i := (t - s.+1)%N; pose j := (s' - t.+1)%N.
have et : t = (s.+1 + i)%N by rewrite subnKC.
have es : nat_of_ord s' = (t.+1 + j)%N by rewrite subnKC.
have -> : (s.+1 + s' - t.+1 = s.+1 + j)%N by rewrite es addnCA addKn.
have -> : (s' - (s.+1 + j).+1 = i)%N by rewrite es et addSn subSS addnAC addKn.
by rewrite addKn mulrC.
Qed.
End Reflect.

Section Siso.
Variables (R : comRingType) (n : nat).
Implicit Types u v : 'cV[R]_n.

(* a ring tactic for matrix entries over R *)
Let radd (s t : R) : R := s + t.
Let rmul (s t : R) : R := s * t.
Let ropp (s : R) : R := - s.
Let rsub (s t : R) : R := s - t.
Let rz : R := 0.
Let ro : R := 1.
Let ent m1 m2 (A : 'M[R]_(m1, m2)) i j : R := A i j.
Lemma rth : ring_theory rz ro radd rmul rsub ropp eq.
Proof.
by constructor; [exact: add0r|exact: addrC|exact: addrA|exact: mul1r|exact: mulrC
  |exact: mulrA|exact: mulrDl| |exact: subrr].
Qed.
Add Ring Rring : rth.
Lemma outerE m1 m2 (u : 'cV[R]_m1) (v : 'cV[R]_m2) i j : (u *m v^T) i j = u i 0 * v j 0.
Proof. by rewrite mxE big_ord1 !mxE. Qed.
Ltac rcore := repeat match goal with
  | |- context [@fun_of_matrix ?Z ?m1 ?m2 ?A ?i ?j] =>
    change (@fun_of_matrix Z m1 m2 A i j) with (@ent m1 m2 A i j)
  | |- context [@GRing.add ?Z ?a ?b] => change (@GRing.add Z a b) with (radd a b)
  | |- context [@GRing.mul ?Z ?a ?b] => change (@GRing.mul Z a b) with (rmul a b)
  | |- context [@GRing.opp ?Z ?a] => change (@GRing.opp Z a) with (ropp a)
  | |- context [GRing.zero ?Z] => change (GRing.zero Z) with rz
  | |- context [GRing.one ?Z] => change (GRing.one Z) with ro
  end;
  match goal with |- @eq _ ?a ?b => change (@eq (GRing.ComRing.sort R) a b) end; ring.
Ltac cring := rewrite !(outerE, mxE); rcore.

Definition dot u v : R := (u^T *m v) 0 0.

Lemma outer_mul u v v' : u *m v^T *m v' = dot v v' *: u.
Proof. by rewrite -mulmxA [v^T *m v']mx11_scalar mul_mx_scalar. Qed.

Lemma dotC u v : dot u v = dot v u.
Proof. by rewrite /dot -[u^T *m v]trmxK trmx_mul trmxK mxE. Qed.

(* the three-dimensional space *)
Definition reciprocal (b c : 'cV[R]_n) (x y z : R) : 'M[R]_n :=
  x *: (c *m b^T) + y *: (b *m c^T) +
  z *: (dot c c *: (b *m b^T) + dot b b *: (c *m c^T)).

Lemma reciprocalD b c x y z x' y' z' :
  reciprocal b c x y z + reciprocal b c x' y' z' = reciprocal b c (x + x') (y + y') (z + z').
Proof. by apply/matrixP=> i j; rewrite /reciprocal; cring. Qed.

Lemma reciprocalZ b c k x y z : k *: reciprocal b c x y z = reciprocal b c (k * x) (k * y) (k * z).
Proof. by apply/matrixP=> i j; rewrite /reciprocal; cring. Qed.

Lemma reciprocal0 b c : reciprocal b c 0 0 0 = 0.
Proof. by rewrite /reciprocal !scale0r !addr0. Qed.

Lemma reciprocal_tr b c x y z : (reciprocal b c x y z)^T = reciprocal b c y x z.
Proof.
by apply/matrixP=> i j; rewrite mxE /reciprocal; cring.
Qed.

Lemma reciprocal_swap b c x y z : reciprocal c b x y z = reciprocal b c y x z.
Proof. by apply/matrixP=> i j; rewrite /reciprocal; cring. Qed.

(* the three-dimensional space is spanned by three rank-one matrices, over any ring *)
Lemma reciprocal_rank1 b c x y z : reciprocal b c x y z =
  (x - z) *: (c *m b^T) + (y - dot b b * dot c c * z) *: (b *m c^T) +
  z *: ((c + dot c c *: b) *m (dot b b *: c + b)^T).
Proof. by apply/matrixP=> i j; rewrite /reciprocal; cring. Qed.

(* and closed under X Y^T X *)
Section Triple.
Variables b c : 'cV[R]_n.
Local Notation V := (reciprocal b c).
Let be := dot b b. Let ga := dot c c. Let de := dot b c.

Lemma reciprocal_mul_b x y z :
  V x y z *m b = (y * de + z * ga * be) *: b + (x * be + z * be * de) *: c.
Proof.
rewrite /reciprocal !mulmxDl -!scalemxAl mulmxDl -!scalemxAl !outer_mul (dotC c b) -/be -/ga -/de.
by apply/matrixP=> i j; cring.
Qed.

Lemma reciprocal_mul_c x y z :
  V x y z *m c = (y * ga + z * ga * de) *: b + (x * de + z * be * ga) *: c.
Proof.
rewrite /reciprocal !mulmxDl -!scalemxAl mulmxDl -!scalemxAl !outer_mul -/be -/ga -/de.
by apply/matrixP=> i j; cring.
Qed.

Lemma reciprocal_split x y z :
  V x y z = c *m (x *: b + (z * be) *: c)^T + b *m (y *: c + (z * ga) *: b)^T.
Proof. by rewrite /reciprocal -/be -/ga; apply/matrixP=> i j; cring. Qed.

Lemma reciprocal_triple x y z (u v w : R) : exists x' y' z',
  V x y z *m (V u v w)^T *m V x y z = V x' y' z'.
Proof.
pose z' := be ^+ 2 * ga ^+ 2 * w * z ^+ 2 + be * ga * de ^+ 2 * w * z ^+ 2 + be * ga * de * u * z ^+ 2
  + be * ga * de * v * z ^+ 2 + (1 + 1) * be * ga * de * w * x * z + (1 + 1) * be * ga * de * w * y * z
  + be * ga * u * x * z + be * ga * v * y * z + be * ga * w * x * y + de ^+ 2 * u * y * z
  + de ^+ 2 * v * x * z + de ^+ 2 * w * x * y + de * u * x * y + de * v * x * y.
pose x' := (1 + 1) * be ^+ 2 * ga ^+ 2 * de * w * z ^+ 2 + be ^+ 2 * ga ^+ 2 * v * z ^+ 2
  + (1 + 1) * be ^+ 2 * ga ^+ 2 * w * x * z + be * ga * de ^+ 2 * u * z ^+ 2
  + (1 + 1) * be * ga * de ^+ 2 * w * x * z + (1 + 1) * be * ga * de * u * x * z
  + (1 + 1) * be * ga * de * v * x * z + (1 + 1) * be * ga * de * w * x ^+ 2
  + be * ga * u * x ^+ 2 + de ^+ 2 * v * x ^+ 2.
pose y' := (1 + 1) * be ^+ 2 * ga ^+ 2 * de * w * z ^+ 2 + be ^+ 2 * ga ^+ 2 * u * z ^+ 2
  + (1 + 1) * be ^+ 2 * ga ^+ 2 * w * y * z + be * ga * de ^+ 2 * v * z ^+ 2
  + (1 + 1) * be * ga * de ^+ 2 * w * y * z + (1 + 1) * be * ga * de * u * y * z
  + (1 + 1) * be * ga * de * v * y * z + (1 + 1) * be * ga * de * w * y ^+ 2
  + be * ga * v * y ^+ 2 + de ^+ 2 * u * y ^+ 2.
exists x', y', z'; rewrite reciprocal_tr.
have -> : V x y z *m V v u w *m V x y z =
    V x y z *m (V v u w *m c) *m (x *: b + (z * be) *: c)^T +
    V x y z *m (V v u w *m b) *m (y *: c + (z * ga) *: b)^T.
  by rewrite [X in _ *m _ *m X = _]reciprocal_split mulmxDr !mulmxA.
rewrite reciprocal_mul_b reciprocal_mul_c !mulmxDr -!scalemxAr !reciprocal_mul_b !reciprocal_mul_c.
by rewrite /reciprocal -/be -/ga /x' /y' /z' !exprS !expr0; apply/matrixP=> i j; cring.
Qed.
End Triple.

(* in the bases (b, beta c) and (c, gamma b), W and W^T act by the same 2 x 2 matrix *)
Section Act.
Variables (b c : 'cV[R]_n) (w x y z : R).
Let W := w%:M + reciprocal b c x y z.
Definition actP := w + y * dot b c + z * (dot b b * dot c c).
Definition actQ := x + z * dot b c.
Definition actP' := w + x * dot b c + z * (dot b b * dot c c).
Definition actQ' := y + z * dot b c.

Lemma reciprocal_act f g : W *m (f *: b + (dot b b * g) *: c) =
  (actP * f + dot b b * dot c c * actQ' * g) *: b + (dot b b * (actQ * f + actP' * g)) *: c.
Proof.
have eb : W *m b = actP *: b + (dot b b * actQ) *: c.
  rewrite /W /reciprocal !mulmxDl -!scalemxAl mulmxDl -!scalemxAl mul_scalar_mx !outer_mul.
  by rewrite (dotC c b) /actP /actQ; apply/matrixP=> i j; cring.
have ec : W *m c = actP' *: c + (dot c c * actQ') *: b.
  rewrite /W /reciprocal !mulmxDl -!scalemxAl mulmxDl -!scalemxAl mul_scalar_mx !outer_mul.
  by rewrite /actP' /actQ'; apply/matrixP=> i j; cring.
by rewrite mulmxDr -!scalemxAr eb ec; apply/matrixP=> i j; cring.
Qed.
End Act.

Section Trial.
Variables (a w x y z : R) (b : 'cV[R]_n) (C : 'rV[R]_n) (tr : trial R n 1 1).
Let c := C^T.
Let W := w%:M + reciprocal b c x y z.
Hypothesis h0 : th0 tr = 0.
Let T := tT tr.
Let e t := te tr t 0 0.
Let u t := a * tu tr t 0 0.
Let k1 := 1 - a + a * actP b c w y z.
Let k2 := a * (dot b b * dot c c) * actQ' b c y z.
Let k3 := a * actQ b c x z.
Let k4 := 1 - a + a * actP' b c w x z.
Let fg r := iter r (fun v : R * R => (k1 * v.1 + k2 * v.2, k3 * v.1 + k4 * v.2)) (1, 0).
Let f r := (fg r).1.
Let g r := (fg r).2.
Let fS r : f r.+1 = k1 * f r + k2 * g r. Proof. by []. Qed.
Let gS r : g r.+1 = k3 * f r + k4 * g r. Proof. by []. Qed.

Lemma siso_hid t : (t <= T)%N ->
  lhid a W b tr t = fw T u f t *: b + (dot b b * fw T u g t) *: c.
Proof.
elim: t => [_|t IHt tT]; first by rewrite lhid0 h0 !fw0 mulr0 !scale0r addr0.
rewrite lhidS (fw_rec u fS tT) (fw_rec u gS tT) IHt; last exact: ltnW.
rewrite reciprocal_act [tu tr t]mx11_scalar mul_mx_scalar /k1 /k2 /k3 /k4 /u /f /g /=.
by apply/matrixP=> i j; cring.
Qed.

Lemma siso_adj t : (t <= T)%N ->
  ladj a W b C tr t = bw T e f t *: c + (dot c c * bw T e g t) *: b.
Proof.
have ladj_te s : C^T *m te tr s = e s *: c by rewrite [te tr s]mx11_scalar mul_mx_scalar.
have eWt : W^T = w%:M + reciprocal c b x y z.
  by rewrite /W linearD /= tr_scalar_mx reciprocal_tr reciprocal_swap.
have rec s : (s <= T)%N -> bw T e f s = e s + k1 * bw T e f s.+1 + k2 * bw T e g s.+1 /\
    bw T e g s = k3 * bw T e f s.+1 + k4 * bw T e g s.+1.
  by move=> sT; rewrite (bw_rec e fS sT) (bw_rec e gS sT) mulr1 mulr0 add0r.
move=> leT; rewrite -(subKn leT); elim: (T - t)%N (leq_subr t T) => [|r IHr] rT.
  rewrite subn0 ladjT ladj_te; have [-> ->] := rec T (leqnn T).
  by rewrite !bw_end !(mulr0, addr0) scale0r addr0.
have lt : (T - r.+1 < T)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
have [ef eg] := rec (T - r.+1)%N (ltnW lt).
rewrite ladjS // ladj_te ef eg subnSK // IHr; last exact: ltnW.
rewrite eWt reciprocal_act /k1 /k2 /k3 /k4 /actP /actP' /actQ /actQ' (dotC c b).
by apply/matrixP=> i j; cring.
Qed.

Theorem siso_gradient : lgradW a W b C tr =
  reciprocal b c (a * corr T e u f f) (a * (dot b b * dot c c * corr T e u g g)) (a * corr T e u f g).
Proof.
rewrite lgradWE -reciprocalZ; congr (_ *: _).
transitivity (corr T e u f f *: (c *m b^T) + (dot b b * dot c c * corr T e u g g) *: (b *m c^T) +
  ((dot c c * corr T e u g f) *: (b *m b^T) + (dot b b * corr T e u f g) *: (c *m c^T))); last first.
  by rewrite (corr_sym T e u g f) /reciprocal; apply/matrixP=> i j; cring.
rewrite /corr !mulr_sumr !scaler_suml -!big_split; apply: eq_bigr => t _ /=.
rewrite siso_adj // siso_hid //; last exact: ltnW.
move: (bw T e f t.+1) (bw T e g t.+1) (fw T u f t) (fw T u g t) => *; clearbody c.
by apply/matrixP=> i j; cring.
Qed.
End Trial.
End Siso.

Section Space.
Variables (F : fieldType) (n : nat) (a w : F) (b : 'cV[F]_n) (C : 'rV[F]_n).
Let c := C^T.
Variables (M : nat -> nat) (X : nat -> nat -> trial F n 1 1).
Variables (c0 : nat -> F) (W : nat -> 'M[F]_n).
Let G k := \sum_(m < M k) lgradW a (W k) b C (X k m).
Hypotheses (rW : gd_like c0 W G) (W0 : W 0%N = w%:M) (h0 : forall k m, th0 (X k m) = 0).

Theorem siso_reciprocity k : exists x y z, W k - c0 k *: W 0%N =
  x *: (c *m b^T) + y *: (b *m c^T) + z *: (dot c c *: (b *m b^T) + dot b b *: (c *m c^T)).
Proof.
elim/ltn_ind: k => k IH; have [cf ->] := rW k; rewrite addrC addKr.
have sumV (I : Type) (r : seq I) (Q : pred I) (A : I -> 'M[F]_n) :
    (forall i, Q i -> exists x y z, A i = reciprocal b c x y z) ->
    exists x y z, \sum_(i <- r | Q i) A i = reciprocal b c x y z.
  move=> AV; elim/big_rec: _ => [|i A' Qi [x [y [z ->]]]].
    by exists 0, 0, 0; rewrite reciprocal0.
  have [x' [y' [z' ->]]] := AV i Qi.
  by exists (x' + x), (y' + y), (z' + z); rewrite reciprocalD.
apply: (sumV _ _ _ _) => j _; have [x [y [z eD]]] := IH j (ltn_ord j).
have [x' [y' [z' ->]]] : exists x y z, G j = reciprocal b c x y z; last first.
  by exists (cf j * x'), (cf j * y'), (cf j * z'); rewrite reciprocalZ.
apply: sumV => m _; have -> : W j = (c0 j * w)%:M + reciprocal b c x y z.
  by rewrite /reciprocal -eD W0 scale_scalar_mx addrC subrK.
by rewrite siso_gradient //; eexists; eexists; eexists.
Qed.

(* three rank-one matrices span that space, over every field *)
Theorem siso_tensor_rank K : tensor_rank_le 3 (fun k : 'I_K => W k - c0 k *: W 0%N).
Proof.
have sp (k : 'I_K) : {v : F * F * F | W k - c0 k *: W 0%N == reciprocal b c v.1.1 v.1.2 v.2}.
  by apply/sigW; have [x [y [z /eqP e]]] := siso_reciprocity k; exists (x, y, z).
pose v k := sval (sp k).
exists (fun s k => [:: (v k).1.1 - (v k).2; (v k).1.2 - dot b b * dot c c * (v k).2; (v k).2]`_s).
exists (fun s => [:: c; b; c + dot c c *: b]`_s), (fun s => [:: b; c; dot b b *: c + b]`_s) => k.
rewrite (eqP (svalP (sp k))) -/(v k) !big_ord_recl big_ord0 /= addr0 addrA.
exact: reciprocal_rank1.
Qed.

Corollary siso_unfolding_rank K :
  (\rank (unfolding (fun k : 'I_K => W k - c0 k *: W 0%N)%R) <= 3)%N.
Proof. exact: rank_unfolding_le (siso_tensor_rank K). Qed.
End Space.

(* Muon: Newton-Schulz of the momentum, or of gradient and momentum together, with any
   coefficients and decoupled weight decay *)
Section Muon.
Variables (F : fieldType) (n : nat) (a w : F) (b : 'cV[F]_n) (C : 'rV[F]_n).
Let c := C^T.
Definition recip (D : 'M[F]_n) := exists x y z, D = reciprocal b c x y z.

Lemma recip0 : recip 0. Proof. by exists 0, 0, 0; rewrite reciprocal0. Qed.

Lemma recipD D E : recip D -> recip E -> recip (D + E).
Proof.
case=> x [y [z ->]] [x' [y' [z' ->]]]; exists (x + x'), (y + y'), (z + z').
by rewrite reciprocalD.
Qed.

Lemma recipZ k D : recip D -> recip (k *: D).
Proof. by case=> x [y [z ->]]; exists (k * x), (k * y), (k * z); rewrite reciprocalZ. Qed.

Lemma recip_triple X Y : recip X -> recip Y -> recip (X *m Y^T *m X).
Proof.
move=> [x [y [z ->]]] [u [v [s ->]]].
by have [x' [y' [z' ->]]] := reciprocal_triple b c x y z u v s; exists x', y', z'.
Qed.

Lemma recip_newton_schulz cs X : recip X -> recip (newton_schulz cs X).
Proof.
elim: cs X => //= [[[k1 k2] k3]] cs IH X rX; apply: IH.
apply: recipD; first apply: recipD; apply: recipZ => //; first exact: recip_triple.
have -> : X *m X^T *m X *m X^T *m X = X *m (X *m X^T *m X)^T *m X by rewrite !trmx_mul trmxK !mulmxA.
exact: recip_triple (recip_triple rX rX).
Qed.

Variables (M : nat -> nat) (X : nat -> nat -> trial F n 1 1).
Variables (W V : nat -> 'M[F]_n) (lam eta mu al be : nat -> F) (cs : nat -> seq (F * F * F)).
Let G k := \sum_(m < M k) lgradW a (W k) b C (X k m).
Let decayed k := \prod_(j < k) (1 - lam j).
Hypotheses (W0 : W 0%N = w%:M) (h0 : forall k m, th0 (X k m) = 0).
Hypotheses (V0 : V 0%N = 0) (VS : forall k, V k.+1 = mu k *: V k + G k).
Hypothesis upd : forall k, W k.+1 = (1 - lam k) *: W k -
  eta k *: newton_schulz (cs k) (al k *: V k.+1 + be k *: G k).

Theorem siso_muon k : recip (W k - decayed k *: W 0%N).
Proof.
suff [//] : recip (W k - decayed k *: W 0%N) /\ recip (V k).
elim: k => [|k [IHW IHV]].
  by rewrite V0 /decayed big_ord0 scale1r subrr; split; apply: recip0.
have rG : recip (G k).
  rewrite /G; elim/big_ind: _ => [||m _]; [exact: recip0 | exact: recipD |].
  have [x [y [z eD]]] := IHW; have -> : W k = (decayed k * w)%:M + reciprocal b c x y z.
    by rewrite -eD W0 scale_scalar_mx addrC subrK.
  by rewrite siso_gradient //; eexists; eexists; eexists.
have rV : recip (V k.+1) by rewrite VS; apply: recipD => //; apply: recipZ.
split=> //; rewrite upd /decayed big_ord_recr /= -/(decayed k) [_ * (1 - _)]mulrC -scalerA.
rewrite addrAC -scalerBr -(scaleNr (eta k)); apply: recipD; apply: recipZ => //.
by apply: recip_newton_schulz; apply: recipD; apply: recipZ.
Qed.
End Muon.

(* initial states along b, another multiple for each trial *)
Section AlongInput.
Variables (F : fieldType) (n : nat) (a w : F) (b : 'cV[F]_n) (C : 'rV[F]_n).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n 1 1) (kap : nat -> nat -> F).
Variables (c0 : nat -> F) (W : nat -> 'M[F]_n).
Hypothesis rW : gd_like c0 W (fun k => \sum_(m < M k) lgradW a (W k) b C (X k m)).
Hypotheses (W0 : W 0%N = w%:M) (eh0 : forall k m, th0 (X k m) = kap k m *: b).

Theorem siso_along_input K : tensor_rank_le 3 (fun k : 'I_K => W k - c0 k *: W 0%N).
Proof.
have [a0|na] := eqVneq a 0.
  apply: (@tensor_rank_leW _ _ _ _ 0) => //; apply: tensor_rank_le_zero => k.
  have [cf ->] := rW k; rewrite addrC addKr big1 // => j _.
  by rewrite big1 ?scaler0 // => m _; rewrite lgradWE a0 scale0r.
pose v k m : 'cV[F]_1 := (a^-1 * kap k m)%:M.
have ev k m : th0 (X k m) = a *: (b *m v k m) by rewrite eh0 mul_mx_scalar scalerA mulVKf.
apply: (siso_tensor_rank (a := a) (M := M) (X := fun k m => longer (X k m) (v k m)) _ W0) => // k.
have [cf e] := rW k; exists cf; rewrite e; congr (_ + _); apply: eq_bigr => j _.
by congr (_ *: _); apply: eq_bigr => m _; apply: initial_state_in_columns.
Qed.
End AlongInput.

(* Main results: corr_sym siso_gradient siso_reciprocity siso_tensor_rank siso_unfolding_rank *)
(* Main results: reciprocal_triple siso_muon siso_along_input *)
