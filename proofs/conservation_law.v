(* conservation-law (checked by src/theorem/conservation_law.rs)

   Linear networks: G_W W^T + G_B B^T + l_0 h_0^T = W^T G_W + C^T G_C identically
   (with a bias, B and G_B have its column: + G_b b^T). So
   Q = W W^T - W^T W + B B^T - C^T C + h_0 h_0^T (B B^T + b b^T with a bias; a sum
   over the initial states if each trial has its own) is constant under gradient
   flow, and gradient descent moves it by exactly eta^2 times the same form of the
   gradients. Where
   phi'(z) z = phi(z) and psi'(z) z = psi(z), as for ReLU, the diagonal of the law
   remains: one law for each neuron.

     charge A D E      A A^T - A^T A + D D^T - E^T E                           *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Local Arguments lhid : simpl never.
Local Arguments ladj : simpl never.

Section Conservation.
Variable R : comRingType.
Variables (n p q : nat) (a : R).

Section Trial.
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Notation gW := (lgradW a W B C x).
Notation gB := (lgradB a W B C x).
Notation gC := (lgradC a W B x).
Notation h := (lhid a W B x).
Notation l := (ladj a W B C x).

Lemma balance_in :
  gW *m W^T + gB *m B^T = \sum_(t < tT x) l t.+1 *m (h t.+1 - (1 - a) *: h t)^T.
Proof.
rewrite lgradWE lgradBE -!scalemxAl -scalerDr !mulmx_suml -big_split scaler_sumr.
apply: eq_bigr => t _ /=; rewrite lhidS [(1 - a) *: _ + _]addrC addrK linearZ -scalemxAr; congr (_ *: _).
by rewrite -!mulmxA -!trmx_mul -mulmxDr -linearD.
Qed.

Lemma balance_out :
  W^T *m gW + C^T *m gC = l (tT x) *m (h (tT x))^T +
    \sum_(t < tT x) (l t - (1 - a) *: l t.+1) *m (h t)^T.
Proof.
rewrite lgradWE lgradCE big_ord_recr /= mulmxDr mulmxA -(ladjT a W B) addrA addrC.
congr (_ + _); rewrite -scalemxAr !mulmx_sumr scaler_sumr -big_split.
apply: eq_bigr => t _ /=; rewrite [l t]ladjS // [_ - (1 - a) *: _]addrAC addrK.
by rewrite mulmxDl -scalemxAl !mulmxA addrC.
Qed.

Theorem balance :
  gW *m W^T + gB *m B^T + l 0%N *m (th0 x)^T = W^T *m gW + C^T *m gC.
Proof.
rewrite balance_in balance_out.
have tele k : \sum_(t < k) l t.+1 *m (h t.+1 - (1 - a) *: h t)^T + l 0%N *m (th0 x)^T =
    l k *m (h k)^T + \sum_(t < k) (l t - (1 - a) *: l t.+1) *m (h t)^T.
  elim: k => [|k IHk]; first by rewrite !big_ord0 add0r addr0.
  rewrite !big_ord_recr /= addrAC IHk linearB linearZ /= mulmxBr mulmxBl -scalemxAl -scalemxAr.
  by rewrite addrCA; congr (_ + _); rewrite addrAC addrC.
exact: tele.
Qed.

Corollary balance_zero_start : th0 x = 0 ->
  gW *m W^T - W^T *m gW + gB *m B^T - C^T *m gC = 0.
Proof.
move=> h0; have := balance; rewrite h0 trmx0 mulmx0 addr0 => e.
by rewrite [X in X - _]addrAC e -addrA -opprD subrr.
Qed.
End Trial.

(* the quantity conserved by gradient flow ... *)
Definition charge m (A : 'M[R]_n) (D : 'M[R]_(n, m)) (E : 'M[R]_(q, n)) : 'M[R]_n :=
  A *m A^T - A^T *m A + D *m D^T - E^T *m E.

(* ... drifts by exactly eta^2 charge(g) under one step along g that is balanced *)
Lemma charge_step m (W gW : 'M[R]_n) (B gB : 'M[R]_(n, m)) (C gC : 'M[R]_(q, n)) eta :
  gW *m W^T - W^T *m gW + gB *m B^T - C^T *m gC = 0 ->
  charge (W - eta *: gW) (B - eta *: gB) (C - eta *: gC) =
  charge W B C + (eta ^+ 2) *: charge gW gB gC.
Proof.
move=> bal.
have balT : W *m gW^T - gW^T *m W + B *m gB^T - gC^T *m C = 0.
  by rewrite -[RHS](trmx0 _ n n) -bal !linearB linearD linearB /= !trmx_mul !trmxK.
have sq m1 m2 (A D : 'M[R]_(m1, m2)) : (A - eta *: D) *m (A - eta *: D)^T =
    A *m A^T - eta *: (D *m A^T + A *m D^T) + eta ^+ 2 *: (D *m D^T).
  rewrite [(A - _)^T]linearB /= [(eta *: D)^T]linearZ /= mulmxBr !mulmxBl -!scalemxAl -!scalemxAr.
  by rewrite scalerA -expr2 scalerDr !opprD opprK !addrA.
have sqT m1 m2 (A D : 'M[R]_(m1, m2)) : (A - eta *: D)^T *m (A - eta *: D) =
    A^T *m A - eta *: (D^T *m A + A^T *m D) + eta ^+ 2 *: (D^T *m D).
  by have := sq _ _ A^T D^T; rewrite !trmxK -linearZ -linearB trmxK.
have subs (a1 b1 c1 a2 b2 c2 : 'M[R]_n) :
    a1 - b1 + c1 - (a2 - b2 + c2) = (a1 - a2) - (b1 - b2) + (c1 - c2).
  by rewrite !opprD !opprK addrACA [X in X + _]addrACA.
have adds (a1 b1 c1 a2 b2 c2 : 'M[R]_n) :
    a1 - b1 + c1 + (a2 - b2 + c2) = (a1 + a2) - (b1 + b2) + (c1 + c2).
  by rewrite opprD addrACA [X in X + _]addrACA.
have comb (a1 b1 c1 a2 b2 c2 a3 b3 c3 a4 b4 c4 : 'M[R]_n) :
    a1 - b1 + c1 - (a2 - b2 + c2) + (a3 - b3 + c3) - (a4 - b4 + c4) =
    a1 - a2 + a3 - a4 - (b1 - b2 + b3 - b4) + (c1 - c2 + c3 - c4).
  by rewrite (subs a1) adds (subs (a1 - a2 + a3)).
rewrite /charge !sq !sqT comb; congr (_ + _); last first.
  by rewrite !scalerBr scalerDr scalerBr.
rewrite -[RHS]subr0; congr (_ - _).
rewrite -!scalerBr -scalerDr -scalerBr; apply: etrans (scaler0 _ eta); congr (_ *: _).
rewrite -[RHS]addr0 -{1}bal -balT.
have subs2 (a1 b1 a2 b2 : 'M[R]_n) : a1 + b1 - (a2 + b2) = (a1 - a2) + (b1 - b2).
  by rewrite opprD addrACA.
rewrite [gW^T *m W + _]addrC [gC^T *m C + _]addrC (subs2 (gW *m W^T)).
by rewrite (addrACA (_ - _) (_ - _)) (subs2 (_ - _ + _)).
Qed.

(* several trials *)
Section Total.
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)).
Variables (M : nat) (X : nat -> trial R n p q).
Let gW := \sum_(m < M) lgradW a W B C (X m).
Let gB := \sum_(m < M) lgradB a W B C (X m).
Let gC := \sum_(m < M) lgradC a W B (X m).

(* initial states that are columns of H, or combinations: one for all trials, or one for each.
   They count as more columns of B *)
Section States.
Variables (r : nat) (H : 'M[R]_(n, r)) (sel : nat -> 'cV[R]_r).
Let gH := \sum_(m < M) ladj a W B C (X m) 0%N *m (sel m)^T.
Hypothesis eh0 : forall m, th0 (X m) = H *m sel m.

Theorem balance_states :
  gW *m W^T - W^T *m gW + row_mx gB gH *m (row_mx B H)^T - C^T *m gC = 0.
Proof.
rewrite tr_row_mx mul_row_col !mulmx_suml !mulmx_sumr -sumrB -!big_split -sumrB.
rewrite big1 // => m _ /=; have := balance W B C (X m); rewrite eh0 trmx_mul mulmxA => e.
by rewrite [X in X - _]addrAC addrA e -addrA -opprD subrr.
Qed.

Theorem charge_states eta :
  charge (W - eta *: gW) (row_mx (B - eta *: gB) (H - eta *: gH)) (C - eta *: gC) =
  charge W (row_mx B H) C + (eta ^+ 2) *: charge gW (row_mx gB gH) gC.
Proof.
rewrite -(charge_step eta balance_states).
by rewrite scale_row_mx opp_row_mx add_row_mx.
Qed.
End States.

(* initial states 0 *)
Hypothesis h0 : forall m, th0 (X m) = 0.

Theorem balance_batch : gW *m W^T - W^T *m gW + gB *m B^T - C^T *m gC = 0.
Proof.
rewrite !mulmx_suml !mulmx_sumr -sumrB -big_split -sumrB big1 // => m _.
exact: balance_zero_start.
Qed.

Theorem charge_gradient_descent eta :
  charge (W - eta *: gW) (B - eta *: gB) (C - eta *: gC) =
  charge W B C + (eta ^+ 2) *: charge gW gB gC.
Proof. exact/charge_step/balance_batch. Qed.
End Total.

End Conservation.

Section Homogeneous.
Variable R : comRingType.
Variables (n p q : nat) (a : R) (phi psi dphi dpsi : R -> R).
Hypotheses (Ephi : forall z, dphi z * z = phi z) (Epsi : forall z, dpsi z * z = psi z).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Local Notation gW := (gradW a phi psi dphi dpsi W B C x).
Local Notation gB := (gradB a phi psi dphi dpsi W B C x).
Local Notation gC := (gradC a phi psi W B x).
Local Notation h := (hid a phi psi W B x).
Local Notation l := (adj a phi psi dphi dpsi W B C x).
Local Notation d := (delta a phi psi dphi dpsi W B C x).
Local Notation z := (pre a phi psi W B x).
Local Notation r := (rate a phi psi W B x).
Local Arguments hid : simpl never.
Local Arguments adj : simpl never.

Lemma outerE m1 m2 (u : 'cV[R]_m1) (v : 'cV[R]_m2) i j : (u *m v^T) i j = u i 0 * v j 0.
Proof. by rewrite mxE big_ord1 !mxE. Qed.

Lemma addE m1 m2 (X Y : 'M[R]_(m1, m2)) i j : (X + Y) i j = X i j + Y i j.
Proof. by rewrite mxE. Qed.
Lemma scE m1 m2 c (X : 'M[R]_(m1, m2)) i j : (c *: X) i j = c * X i j.
Proof. by rewrite mxE. Qed.
Lemma mapE m1 m2 f (X : 'M[R]_(m1, m2)) i j : map_mx f X i j = f (X i j) :> R.
Proof. by rewrite mxE. Qed.
Lemma hadE m1 m2 (X Y : 'M[R]_(m1, m2)) i j : had X Y i j = X i j * Y i j.
Proof. by rewrite mxE. Qed.
Lemma dE t i : d t i 0 = dphi (z t i 0) * l t.+1 i 0.
Proof. by rewrite /delta hadE mapE. Qed.
Lemma rE t i : r t i 0 = dpsi (h t i 0) * h t i 0.
Proof. by rewrite /rate mapE Epsi. Qed.
Lemma hSE t i : h t.+1 i 0 = (1 - a) * h t i 0 + a * phi (z t i 0).
Proof. by rewrite hidS addE !scE mapE. Qed.
Lemma lTE i : l (tT x) i 0 = dpsi (h (tT x) i 0) * (C^T *m te x (tT x)) i 0.
Proof. by rewrite adjT hadE mapE. Qed.
Lemma lSE t i : (t < tT x)%N -> l t i 0 = (1 - a) * l t.+1 i 0 +
  dpsi (h t i 0) * (C^T *m te x t + a *: (W^T *m d t)) i 0.
Proof. by move=> ltT; rewrite [l t]adjS // addE scE hadE mapE. Qed.

Lemma hom_in i : (gW *m W^T + gB *m B^T) i i =
  \sum_(t < tT x) l t.+1 i 0 * (h t.+1 i 0 - (1 - a) * h t i 0).
Proof.
have -> : gW *m W^T + gB *m B^T = a *: \sum_(t < tT x) d t *m (z t)^T.
  rewrite /gradW /gradB -!scalemxAl -scalerDr !mulmx_suml -big_split; congr (_ *: _).
  by apply: eq_bigr => t _ /=; rewrite -!mulmxA -!trmx_mul -mulmxDr -linearD.
rewrite scE summxE mulr_sumr; apply: eq_bigr => t _.
rewrite outerE dE hSE [(1 - a) * _ + _]addrC addrK -Ephi.
by rewrite [RHS]mulrCA; congr (_ * _); rewrite mulrAC mulrC.
Qed.

Lemma hom_out i : (W^T *m gW + C^T *m gC) i i = l (tT x) i 0 * h (tT x) i 0 +
  \sum_(t < tT x) (l t i 0 - (1 - a) * l t.+1 i 0) * h t i 0.
Proof.
have -> : W^T *m gW + C^T *m gC = C^T *m te x (tT x) *m (r (tT x))^T +
    \sum_(t < tT x) (C^T *m te x t + a *: (W^T *m d t)) *m (r t)^T.
  rewrite /gradW /gradC big_ord_recr /= mulmxDr mulmxA addrA addrC; congr (_ + _).
  rewrite -scalemxAr !mulmx_sumr scaler_sumr -big_split; apply: eq_bigr => t _ /=.
  by rewrite mulmxDl -scalemxAl !mulmxA addrC.
rewrite addE summxE outerE rE lTE mulrCA mulrA; congr (_ + _).
apply: eq_bigr => t _; rewrite outerE rE lSE // [(1 - a) * _ + _]addrC addrK.
by rewrite mulrCA mulrA.
Qed.

Theorem balance_homogeneous i :
  (gW *m W^T + gB *m B^T + l 0%N *m (th0 x)^T) i i = (W^T *m gW + C^T *m gC) i i.
Proof.
rewrite addE hom_in hom_out outerE.
have tele k : \sum_(t < k) l t.+1 i 0 * (h t.+1 i 0 - (1 - a) * h t i 0) + l 0%N i 0 * th0 x i 0
  = l k i 0 * h k i 0 + \sum_(t < k) (l t i 0 - (1 - a) * l t.+1 i 0) * h t i 0.
  elim: k => [|k IHk]; first by rewrite !big_ord0 add0r addr0.
  rewrite !big_ord_recr /= addrAC IHk mulrBr [(l k i 0 - _) * _]mulrBl addrCA; congr (_ + _).
  by rewrite addrAC addrC [X in _ - X]mulrCA mulrA.
exact: tele.
Qed.
End Homogeneous.

(* Main results: balance balance_zero_start balance_batch balance_states charge_states *)
(* Main results: charge_gradient_descent balance_homogeneous *)
