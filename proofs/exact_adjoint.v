(* exact-adjoint (checked by src/theorem/exact_adjoint.rs)

   The adjoint pairing is the exact first-order coefficient of the loss,
     Loss(x + eps v) = Loss(x) + eps <G, v> + O(eps^2),
   jointly in x = (W, B, C, h_0), as an identity over any commutative ring, for
   polynomial phi, psi and squared loss. The network is run over {poly R} with
   the weights x + eps v, eps = 'X, and the coefficients of 1 and 'X are read.
   For activations and losses that are differentiable functions of a real number:
   real/exact_adjoint_real.v. A bias is an input: base/model.v.

     dhid, dout        tangent run in the direction (V, VB, VC, v0)
     oute, losse       outputs and loss of the run over {poly R}               *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Ip.
Variable R : comRingType.
Implicit Types m n k : nat.

Lemma ipDl m n (A B D : 'M[R]_(m, n)) : ip (A + B) D = ip A D + ip B D.
Proof. by rewrite /ip linearD mulmxDl mxtraceD. Qed.
Lemma ipDr m n (A B D : 'M[R]_(m, n)) : ip D (A + B) = ip D A + ip D B.
Proof. by rewrite /ip mulmxDr mxtraceD. Qed.
Lemma ipZl m n c (A D : 'M[R]_(m, n)) : ip (c *: A) D = c * ip A D.
Proof. by rewrite /ip linearZ -scalemxAl mxtraceZ. Qed.
Lemma ipZr m n c (A D : 'M[R]_(m, n)) : ip D (c *: A) = c * ip D A.
Proof. by rewrite /ip -scalemxAr mxtraceZ. Qed.
Lemma ip0l m n (D : 'M[R]_(m, n)) : ip 0 D = 0.
Proof. by rewrite /ip trmx0 mul0mx mxtrace0. Qed.
Lemma ip_suml m n (I : Type) (r : seq I) (P : pred I) (A : I -> 'M[R]_(m, n)) D :
  ip (\sum_(i <- r | P i) A i) D = \sum_(i <- r | P i) ip (A i) D.
Proof. exact: (big_morph (fun A => ip A D) (fun A B => ipDl A B D) (ip0l D)). Qed.
Lemma ip_mulT m n k (A : 'M[R]_(m, n)) (B : 'M[R]_(m, k)) (D : 'M[R]_(n, k)) :
  ip (A^T *m B) D = ip B (A *m D).
Proof. by rewrite /ip trmx_mul trmxK mulmxA. Qed.
Lemma ip_outer m n (x : 'cV[R]_m) (y : 'cV[R]_n) (V : 'M[R]_(m, n)) :
  ip (x *m y^T) V = ip x (V *m y).
Proof. by rewrite /ip trmx_mul trmxK -mulmxA mxtrace_mulC mulmxA. Qed.
Lemma ipE m n (A B : 'M[R]_(m, n)) : ip A B = \sum_j \sum_i A i j * B i j.
Proof. by apply: eq_bigr => j _; rewrite !mxE; apply: eq_bigr => i _; rewrite mxE. Qed.
Lemma ip_had m n (A B D : 'M[R]_(m, n)) : ip (had A B) D = ip B (had A D).
Proof.
rewrite !ipE; apply: eq_bigr => j _; apply: eq_bigr => i _.
by rewrite !mxE mulrCA mulrA.
Qed.
Lemma ipC m n (A B : 'M[R]_(m, n)) : ip A B = ip B A.
Proof. by rewrite !ipE; apply: eq_bigr => j _; apply: eq_bigr => i _; rewrite mulrC. Qed.

(* the pairing with all directions determines the gradient *)
Lemma ip_inj m n (G H : 'M[R]_(m, n)) : (forall V, ip G V = ip H V) -> G = H.
Proof.
move=> eGH; apply/matrixP=> i j; have := eGH (delta_mx i j).
have ipd (A : 'M[R]_(m, n)) : ip A (delta_mx i j) = A i j.
  rewrite ipE (bigD1 j) //= (bigD1 i) //= !mxE !eqxx mulr1 !big1 ?addr0 //.
    move=> j' /negPf nj; rewrite big1 // => i' _.
    by rewrite mxE nj andbF mulr0.
  by move=> i' /negPf ni; rewrite mxE ni mulr0.
by rewrite !ipd.
Qed.
End Ip.

Section Adjoint.
Variable R : comRingType.
Variables (n p q : nat) (a : R) (phi psi dphi dpsi : R -> R).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Variables (V : 'M[R]_n) (VB : 'M[R]_(n, p)) (VC : 'M[R]_(q, n)) (v0 : 'cV[R]_n).

Notation hid := (hid a phi psi W B x).
Notation rate := (rate a phi psi W B x).
Notation pre := (pre a phi psi W B x).
Notation adj := (adj a phi psi dphi dpsi W B C x).
Notation delta := (delta a phi psi dphi dpsi W B C x).

(* tangent (forward) recursion in the direction (V, VB, VC, v0) *)
Fixpoint dhid (t : nat) : 'cV[R]_n :=
  if t is s.+1 then
    (1 - a) *: dhid s +
    a *: had (map_mx dphi (pre s))
             (W *m had (map_mx dpsi (hid s)) (dhid s) + V *m rate s + VB *m tu x s)
  else v0.
Definition drate t := had (map_mx dpsi (hid t)) (dhid t).
Definition dout t := C *m drate t + VC *m rate t.

Lemma dhidS t : dhid t.+1 = (1 - a) *: dhid t +
  a *: had (map_mx dphi (pre t)) (W *m drate t + V *m rate t + VB *m tu x t).
Proof. by []. Qed.

Lemma adj_step t : (t < tT x)%N ->
  ip (te x t) (C *m drate t) + ip (adj t.+1) (dhid t.+1) =
  ip (adj t) (dhid t) + a * ip (delta t) (V *m rate t + VB *m tu x t).
Proof.
move=> ltT; rewrite [adj t]adjS // ipDl ipZl ip_had -/(drate t) ipDl ipZl !ip_mulT.
rewrite dhidS ipDr !ipZr -ip_had -/(delta t).
by rewrite -(addrA (W *m _)) ipDr mulrDr addrCA !addrA.
Qed.

Lemma adj_sum t : (t <= tT x)%N ->
  \sum_(s < t) ip (te x s) (C *m drate s) + ip (adj t) (dhid t) =
  ip (adj 0) v0 + a * \sum_(s < t) ip (delta s) (V *m rate s + VB *m tu x s).
Proof.
elim: t => [_|t IHt ltT]; first by rewrite !big_ord0 mulr0 add0r addr0.
rewrite !big_ord_recr /= -addrA adj_step // addrA IHt; last exact: ltnW.
by rewrite mulrDr addrA.
Qed.

Theorem adjoint_pairing :
  \sum_(t < (tT x).+1) ip (te x t) (dout t) =
    ip (gradW a phi psi dphi dpsi W B C x) V +
    ip (gradB a phi psi dphi dpsi W B C x) VB +
    ip (gradC a phi psi W B x) VC +
    ip (adj 0) v0.
Proof.
under eq_bigr do rewrite ipDr; rewrite big_split /=.
have <- : \sum_(t < (tT x).+1) ip (te x t) (VC *m rate t) = ip (gradC a phi psi W B x) VC.
  by rewrite ip_suml; apply: eq_bigr => t _; rewrite ip_outer.
rewrite [RHS]addrAC; congr (_ + _); rewrite big_ord_recr /=.
have -> : ip (te x (tT x)) (C *m drate (tT x)) = ip (adj (tT x)) (dhid (tT x)).
  by rewrite adjT ip_had ip_mulT.
rewrite adj_sum // addrC; congr (_ + _).
rewrite !ipZl -mulrDr !ip_suml -big_split; congr (_ * _).
by apply: eq_bigr => t _; rewrite /= !ip_outer ipDr.
Qed.

End Adjoint.

(* dhid is the derivative: run the SAME network over R[eps] = {poly R} with
   weights W + eps V etc. and read off the coefficients of 1 and eps.  The
   nonlinearities are polynomials, with their formal derivatives. *)
Section Exact.
Variable R : comRingType.
Variables (n p q : nat) (a : R) (phi psi : {poly R}).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Variables (V : 'M[R]_n) (VB : 'M[R]_(n, p)) (VC : 'M[R]_(q, n)) (v0 : 'cV[R]_n).

Definition coefm i m1 m2 (A : 'M[{poly R}]_(m1, m2)) : 'M[R]_(m1, m2) :=
  map_mx (fun f : {poly R} => f`_i) A.
Definition eps m1 m2 (A D : 'M[R]_(m1, m2)) : 'M[{poly R}]_(m1, m2) :=
  map_mx polyC A + 'X *: map_mx polyC D.

Definition xeps : trial [comRingType of {poly R}] n p q :=
  Trial (tT x) (eps (th0 x) v0) (fun t => map_mx polyC (tu x t)) (fun=> 0).

Let ev (f : {poly R}) (z : R) : R := f.[z].
Let dv (f : {poly R}) (z : R) : R := f^`().[z].
Let comp (f : {poly R}) (z : {poly R}) : {poly R} := f \Po z.

Notation hid := (hid a (ev phi) (ev psi) W B x).
Notation out := (out a (ev phi) (ev psi) W B C x).
Notation hide := (model.hid a%:P (comp phi) (comp psi) (eps W V) (eps B VB) xeps).
Notation oute := (model.out a%:P (comp phi) (comp psi) (eps W V) (eps B VB) (eps C VC) xeps).
Notation dhid := (dhid a (ev phi) (ev psi) (dv phi) (dv psi) W B x V VB v0).
Notation dout := (dout a (ev phi) (ev psi) (dv phi) (dv psi) W B C x V VB VC v0).

Lemma coefmD i m1 m2 (A D : 'M[{poly R}]_(m1, m2)) : coefm i (A + D) = coefm i A + coefm i D.
Proof. by apply/matrixP=> r s; rewrite !mxE coefD. Qed.
Lemma coefmZC i m1 m2 c (A : 'M[{poly R}]_(m1, m2)) : coefm i (c%:P *: A) = c *: coefm i A.
Proof. by apply/matrixP=> r s; rewrite !mxE coefCM. Qed.
Lemma coefm0M m1 m2 m3 (A : 'M[{poly R}]_(m1, m2)) (D : 'M_(m2, m3)) :
  coefm 0 (A *m D) = coefm 0 A *m coefm 0 D.
Proof.
apply/matrixP=> r s; rewrite !mxE coef_sum; apply: eq_bigr => t _.
by rewrite coefM big_ord1 !mxE.
Qed.
Lemma coefm1M m1 m2 m3 (A : 'M[{poly R}]_(m1, m2)) (D : 'M_(m2, m3)) :
  coefm 1 (A *m D) = coefm 0 A *m coefm 1 D + coefm 1 A *m coefm 0 D.
Proof.
apply/matrixP=> r s; rewrite !mxE coef_sum -big_split; apply: eq_bigr => t _.
by rewrite coefM !big_ord_recr big_ord0 /= add0r !mxE.
Qed.
Lemma coefm0_eps m1 m2 (A D : 'M[R]_(m1, m2)) : coefm 0 (eps A D) = A.
Proof. by apply/matrixP=> r s; rewrite !mxE coefD coefC coefXM /= addr0. Qed.
Lemma coefm1_eps m1 m2 (A D : 'M[R]_(m1, m2)) : coefm 1 (eps A D) = D.
Proof. by apply/matrixP=> r s; rewrite !mxE coefD coefC coefXM /= coefC add0r. Qed.
Lemma coefm0_polyC m1 m2 (A : 'M[R]_(m1, m2)) : coefm 0 (map_mx polyC A) = A.
Proof. by apply/matrixP=> r s; rewrite !mxE coefC. Qed.
Lemma coefm1_polyC m1 m2 (A : 'M[R]_(m1, m2)) : coefm 1 (map_mx polyC A) = 0.
Proof. by apply/matrixP=> r s; rewrite !mxE coefC. Qed.

Lemma coef0_comp (f g : {poly R}) : (f \Po g)`_0 = f.[g`_0].
Proof. by rewrite -!horner_coef0 horner_comp. Qed.
Lemma coef1_comp (f g : {poly R}) : (f \Po g)`_1 = f^`().[g`_0] * g`_1.
Proof.
have d1 (h : {poly R}) : h`_1 = h^`()`_0 by rewrite coef_deriv mulr1n.
by rewrite !d1 deriv_comp coefM big_ord1 coef0_comp.
Qed.
Lemma coefm0_comp f m1 m2 (A : 'M[{poly R}]_(m1, m2)) :
  coefm 0 (map_mx (comp f) A) = map_mx (ev f) (coefm 0 A).
Proof. by apply/matrixP=> r s; rewrite !mxE coef0_comp. Qed.
Lemma coefm1_comp f m1 m2 (A : 'M[{poly R}]_(m1, m2)) :
  coefm 1 (map_mx (comp f) A) = had (map_mx (dv f) (coefm 0 A)) (coefm 1 A).
Proof. by apply/matrixP=> r s; rewrite !mxE coef1_comp. Qed.

Definition coefmE := (coefmD, coefmZC, coefm0M, coefm1M, coefm0_eps, coefm1_eps,
  coefm0_polyC, coefm1_polyC, coefm0_comp, coefm1_comp).

Lemma states_exact t : coefm 0 (hide t) = hid t /\ coefm 1 (hide t) = dhid t.
Proof.
elim: t => [|t [IH0 IH1]]; first by rewrite /= !coefmE.
rewrite !hidS dhidS -!polyC1 -!polyCB /model.pre /model.rate !coefmE !IH0 !IH1.
by split=> //; rewrite mulmx0 add0r.
Qed.

Theorem outputs_exact t : coefm 0 (oute t) = out t /\ coefm 1 (oute t) = dout t.
Proof.
have [e0 e1] := states_exact t.
by rewrite /model.out /model.rate !coefmE e0 e1.
Qed.

(* squared loss against the targets y; e_t = y_t^{net} - y_t, gradient 2 e_t *)
Variable y : nat -> 'cV[R]_q.
Definition loss := \sum_(t < (tT x).+1) ip (out t - y t) (out t - y t).
Definition losse := \sum_(t < (tT x).+1)
  ip (oute t - map_mx polyC (y t)) (oute t - map_mx polyC (y t)).
Hypothesis te_out : forall t, te x t = out t - y t.

Theorem exact_adjoint :
  losse`_0 = loss /\
  losse`_1 = 2%:R * (ip (gradW a (ev phi) (ev psi) (dv phi) (dv psi) W B C x) V +
                     ip (gradB a (ev phi) (ev psi) (dv phi) (dv psi) W B C x) VB +
                     ip (gradC a (ev phi) (ev psi) W B x) VC +
                     ip (adj a (ev phi) (ev psi) (dv phi) (dv psi) W B C x 0) v0).
Proof.
have coefmB i (A D : 'cV[{poly R}]_q) : coefm i (A - D) = coefm i A - coefm i D.
  by apply/matrixP=> r s; rewrite !mxE coefB.
rewrite -adjoint_pairing /losse !coef_sum mulr_sumr; split; apply: eq_bigr => t _.
  rewrite !ipE !coef_sum; apply: eq_bigr => j _; rewrite coef_sum.
  have [e0 _] := outputs_exact t; rewrite -e0; apply: eq_bigr => i _.
  by rewrite coefM big_ord1 !mxE coefB coefC.
have [e0 e1] := outputs_exact t; rewrite te_out -e0 -e1.
rewrite !ipE !coef_sum mulr_sumr; apply: eq_bigr => j _; rewrite coef_sum mulr_sumr.
apply: eq_bigr => i _; rewrite coefM !big_ord_recr big_ord0 /= add0r !mxE.
rewrite !coefB !coefC /= subr0 [X in _ + X]mulrC -mulr2n mulr_natl.
by [].
Qed.
End Exact.

(* the linear case, W alone, spelled out as in the text:
   L(W + eps V) = L(W) + 2 <G, V> eps  mod eps^2,   G = a sum_t l_{t+1} h_t^T *)
Lemma map_ext (R S : ringType) m n (f g : R -> S) (A : 'M[R]_(m, n)) :
  f =1 g -> map_mx f A = map_mx g A.
Proof. by move=> efg; apply/matrixP=> i j; rewrite !mxE. Qed.

Section Ext.
Variable R : comRingType.
Variables (n p q : nat) (a : R).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Variables (phi psi dphi dpsi phi' psi' dphi' dpsi' : R -> R).
Hypotheses (e1 : phi =1 phi') (e2 : psi =1 psi') (e3 : dphi =1 dphi') (e4 : dpsi =1 dpsi').

Lemma hid_ext t : hid a phi psi W B x t = hid a phi' psi' W B x t.
Proof.
elim: t => // t; rewrite !hidS /pre /rate => ->.
by rewrite (map_ext _ e1) (map_ext _ e2).
Qed.

Lemma adjr_ext r :
  adjr a phi psi dphi dpsi W B C x r = adjr a phi' psi' dphi' dpsi' W B C x r.
Proof.
elim: r => [|r]; first by rewrite /= hid_ext (map_ext _ e4).
by rewrite !adjrS /pre /rate => ->; rewrite !hid_ext ?(map_ext _ e2) ?(map_ext _ e3) ?(map_ext _ e4).
Qed.

Lemma gradW_ext :
  gradW a phi psi dphi dpsi W B C x = gradW a phi' psi' dphi' dpsi' W B C x.
Proof.
congr (_ *: _); apply: eq_bigr => t _.
by rewrite /delta /pre /rate /adj adjr_ext !hid_ext ?(map_ext _ e2) ?(map_ext _ e3).
Qed.
End Ext.

Section LinearExact.
Variable R : comRingType.
Variables (n p q : nat) (a : R).
Variables (W V : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).
Variable y : nat -> 'cV[R]_q.
Hypothesis te_out : forall t, te x t = C *m lhid a W B x t - y t.

Definition lloss (S : comRingType) (b : S) (A : 'M[S]_n) (D : 'M[S]_(n, p))
    (E : 'M[S]_(q, n)) (z : trial S n p q) (g : nat -> 'cV[S]_q) : S :=
  \sum_(t < (tT z).+1) ip (E *m lhid b A D z t - g t) (E *m lhid b A D z t - g t).

Definition const_trial : trial [comRingType of {poly R}] n p q :=
  Trial (tT x) (map_mx polyC (th0 x)) (fun t => map_mx polyC (tu x t)) (fun=> 0).

Theorem linear_exact_adjoint (L := lloss a%:P (map_mx polyC W + 'X *: map_mx polyC V)
    (map_mx polyC B) (map_mx polyC C) const_trial (fun t => map_mx polyC (y t))) :
  L`_0 = lloss a W B C x y /\ L`_1 = 2%:R * ip (lgradW a W B C x) V.
Proof.
have eps0 m1 m2 (A : 'M[R]_(m1, m2)) : eps A 0 = map_mx polyC A.
  by apply/matrixP=> i j; rewrite !mxE mulr0 addr0.
have idX (z : R) : ('X : {poly R}).[z] = z by rewrite hornerX.
have dX (z : R) : ('X : {poly R})^`().[z] = 1 by rewrite derivX hornerC.
have cX (z : {poly R}) : 'X \Po z = z by rewrite comp_polyX.
have outE t : out a (horner 'X) (horner 'X) W B C x t = C *m lhid a W B x t.
  rewrite /out /rate (hid_ext a W B x (phi' := id) (psi' := id)) //.
  by rewrite (map_ext _ idX) map_mx_id.
have [] := @exact_adjoint R n p q a 'X 'X W B C x V 0 0 0 y.
  by move=> t; rewrite te_out outE.
have -> : losse a 'X 'X W B C x V 0 0 0 y = L.
  rewrite /losse /L /lloss /xeps !eps0; apply: eq_bigr => t _.
  rewrite /out /rate (hid_ext _ _ _ _ (phi' := id) (psi' := id)) //.
  by rewrite (map_ext _ cX) map_mx_id.
have -> : loss a 'X 'X W B C x y = lloss a W B C x y.
  by apply: eq_bigr => t _; rewrite outE.
move=> -> ->; split=> //; congr (_ * _).
have ip0r m1 m2 (A : 'M[R]_(m1, m2)) : ip A 0 = 0 by rewrite /ip mulmx0 mxtrace0.
rewrite !ip0r !addr0; congr (ip _ _); exact: gradW_ext.
Qed.
End LinearExact.

(* Main results: adjoint_pairing ip_inj exact_adjoint linear_exact_adjoint *)
