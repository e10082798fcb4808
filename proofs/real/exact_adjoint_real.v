(* exact-adjoint over the real numbers: for activations and losses that are
   differentiable functions of a real number (tanh, softplus, ..) the adjoint pairs
   with every direction to the derivative of the loss along it. Uses
   mathcomp-analysis, hence its three axioms.

     dmx A D     D is the entrywise derivative at 0 of the curve of matrices A  *)
From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp Require Import boolp classical_sets functions reals topology normedtype derive realfun.
From RankProof.base Require Import model.
From RankProof Require Import exact_adjoint.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory numFieldNormedType.Exports.
Local Open Scope ring_scope.

Section Real.
Variable R : realType.

(* entrywise derivative at 0 of a curve of matrices *)
Definition dmx m n (A : R -> 'M[R]_(m, n)) (D : 'M[R]_(m, n)) :=
  forall i j, is_derive (0 : R) 1 (fun s => A s i j) (D i j).

Lemma dsum n (f : 'I_n -> R -> R) (d : 'I_n -> R) :
  (forall i, is_derive (0 : R) 1 (f i) (d i)) ->
  is_derive (0 : R) 1 (fun s => \sum_i f i s) (\sum_i d i).
Proof.
move=> fd; have := is_derive_sum fd.
by congr (is_derive _ _ _ _); apply/funext => s; rewrite fct_sumE.
Qed.

Lemma dmul (f g : R -> R) df dg : is_derive (0 : R) 1 f df -> is_derive (0 : R) 1 g dg ->
  is_derive (0 : R) 1 (fun s => f s * g s) (f 0 * dg + df * g 0).
Proof.
move=> hf hg; have -> : f 0 * dg + df * g 0 = f 0 *: dg + g 0 *: df.
  by rewrite /GRing.scale /= [g 0 * _]mulrC.
exact: is_deriveM.
Qed.

Lemma dmxD m n (A B : R -> 'M[R]_(m, n)) D E : dmx A D -> dmx B E ->
  dmx (fun s => A s + B s) (D + E).
Proof.
move=> dA dB i j; have := is_deriveD (dA i j) (dB i j); rewrite mxE.
by congr (is_derive _ _ _ _); apply/funext => s; rewrite mxE.
Qed.

Lemma dmxZ m n c (A : R -> 'M[R]_(m, n)) D : dmx A D -> dmx (fun s => c *: A s) (c *: D).
Proof.
move=> dA i j; have := is_deriveZ c (dA i j); rewrite mxE.
by congr (is_derive _ _ _ _); apply/funext => s; rewrite mxE.
Qed.

Lemma dmxC m n (A : 'M[R]_(m, n)) : dmx (fun=> A) 0.
Proof. by move=> i j; rewrite mxE; apply: is_derive_cst. Qed.

Lemma dmxM m n k (A : R -> 'M[R]_(m, n)) (B : R -> 'M[R]_(n, k)) D E :
  dmx A D -> dmx B E -> dmx (fun s => A s *m B s) (A 0 *m E + D *m B 0).
Proof.
move=> dA dB i j; have := dsum (fun t => dmul (dA i t) (dB t j)).
rewrite !mxE -big_split; congr (is_derive _ _ _ _).
by apply/funext => s; rewrite mxE.
Qed.

Lemma dmx_map m n (f df : R -> R) (A : R -> 'M[R]_(m, n)) D :
  (forall z : R, is_derive z 1 f (df z)) -> dmx A D ->
  dmx (fun s => map_mx f (A s)) (had (map_mx df (A 0)) D).
Proof.
move=> hf dA i j; rewrite !mxE; have := is_derive1_comp (hf (A 0 i j)) (dA i j).
by congr (is_derive _ _ _ _); apply/funext => s; rewrite /= mxE.
Qed.

Variables (n p q : nat) (a : R) (phi psi dphi dpsi : R -> R).
Hypothesis Dphi : forall z : R, is_derive z 1 phi (dphi z).
Hypothesis Dpsi : forall z : R, is_derive z 1 psi (dpsi z).
Variables (W V : 'M[R]_n) (B VB : 'M[R]_(n, p)) (C VC : 'M[R]_(q, n)) (x : trial R n p q).
Variable v0 : 'cV[R]_n.

Definition xs (s : R) := Trial (tT x) (th0 x + s *: v0) (tu x) (te x).
Let hs s t := hid a phi psi (W + s *: V) (B + s *: VB) (xs s) t.
Let os s t := out a phi psi (W + s *: V) (B + s *: VB) (C + s *: VC) (xs s) t.

Lemma dmx_line m1 m2 (A D : 'M[R]_(m1, m2)) : dmx (fun s => A + s *: D) D.
Proof.
move=> i j; have := is_deriveD (is_derive_cst (A i j) (0 : R) 1)
  (is_deriveZ (D i j) (is_derive_id (0 : R) 1)).
rewrite add0r /GRing.scale /= mulr1; congr (is_derive _ _ _ _).
by apply/funext => s; rewrite !mxE mulrC.
Qed.

Lemma hs0 t : hs 0 t = hid a phi psi W B x t.
Proof. by rewrite /hs; elim: t => [|t]; rewrite ?hidS /= /pre /rate ?scale0r ?addr0 // => ->. Qed.

Lemma dmx_hid t : dmx (hs^~ t) (dhid a phi psi dphi dpsi W B x V VB v0 t).
Proof.
elim: t => [|t IHt]; first exact: dmx_line.
rewrite dhidS; apply: dmxD; first exact: dmxZ.
apply: dmxZ.
have dp : dmx (fun s => pre a phi psi (W + s *: V) (B + s *: VB) (xs s) t)
  (W *m drate a phi psi dphi dpsi W B x V VB v0 t + V *m rate a phi psi W B x t
   + VB *m tu x t).
  apply: dmxD.
    have := dmxM (dmx_line W V) (dmx_map Dpsi IHt).
    by rewrite scale0r addr0 hs0.
  have := dmxM (dmx_line B VB) (dmxC (tu x t)).
  by rewrite mulmx0 add0r.
have := dmx_map Dphi dp.
by rewrite /pre /rate -/(hs 0 t) hs0 !scale0r !addr0.
Qed.

Theorem dmx_out t : dmx (os^~ t) (dout a phi psi dphi dpsi W B C x V VB VC v0 t).
Proof.
have := dmxM (dmx_line C VC) (dmx_map Dpsi (dmx_hid t)).
by rewrite scale0r addr0 hs0.
Qed.

(* any loss sum_t ell_t(y_t) whose chain rule is <e_t, .> at the current outputs *)
Variable ell : nat -> 'cV[R]_q -> R.
Hypothesis ell_te : forall t (Y : R -> 'cV[R]_q) D, Y 0 = out a phi psi W B C x t ->
  dmx Y D -> is_derive (0 : R) 1 (fun s => ell t (Y s)) (ip (te x t) D).

Theorem real_exact_adjoint :
  is_derive (0 : R) 1 (fun s => \sum_(t < (tT x).+1) ell t (os s t))
    (ip (gradW a phi psi dphi dpsi W B C x) V +
     ip (gradB a phi psi dphi dpsi W B C x) VB +
     ip (gradC a phi psi W B x) VC +
     ip (adj a phi psi dphi dpsi W B C x 0) v0).
Proof.
rewrite -adjoint_pairing.
apply: (@dsum _ (fun t s => ell t (os s t))) => t; apply: (ell_te _ (dmx_out t)).
by rewrite /os /out /rate -/(hs 0 t) hs0 scale0r addr0.
Qed.

(* squared loss: e_t = 2 (y_t^{net} - y_t) satisfies the hypothesis on ell *)
Lemma squared_loss_errors (y : nat -> 'cV[R]_q) :
  (forall t, te x t = 2%:R *: (out a phi psi W B C x t - y t)) ->
  forall t (Y : R -> 'cV[R]_q) D, Y 0 = out a phi psi W B C x t -> dmx Y D ->
    is_derive (0 : R) 1 (fun s => ip (Y s - y t) (Y s - y t)) (ip (te x t) D).
Proof.
move=> ete t Y D Y0 dY.
have dY' : dmx (fun s => Y s - y t) D.
  by have := dmxD dY (dmxC (- y t)); rewrite addr0.
rewrite (_ : (fun s => _) = fun s => \sum_j \sum_i (Y s - y t) i j * (Y s - y t) i j).
  rewrite ipE; apply: (@dsum _ (fun j s => _)) => j; apply: (@dsum _ (fun i s => _)) => i.
  suff -> : te x t i j * D i j = (Y 0 - y t) i j * D i j + D i j * (Y 0 - y t) i j.
    exact: dmul.
  by rewrite ete Y0 [RHS]addrC [D i j * _]mulrC -mulr2n -[RHS]mulr_natl [RHS]mulrA mxE.
by apply/funext => s; rewrite ipE.
Qed.

End Real.
