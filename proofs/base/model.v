(* The network, its adjoint and its gradients, over any commutative ring.

     h_{t+1} = (1-a) h_t + a phi (W psi(h_t) + B u_t),    y_t = C psi(h_t)

   phi = id is the current form, psi = id the rate form, both the linear network.
   A bias is one more input that is constant: see [hid_bias], [gradB_bias].
   The Rust side of the same model: src/network/forward.rs, src/network/adjoint.rs.

     had A B              entrywise product
     ip A B               sum of the products of corresponding entries
     trial R n p q        T, h_0, inputs u_t, and e_t = dLoss/dy_t (arbitrary)
     hid, rate, pre, out  h_t, psi(h_t), W psi(h_t) + B u_t, y_t
     adj, delta           l_t = dLoss/dh_t, delta_t = phi'(pre_t) o l_{t+1}
     gradW, gradB, gradC  the gradients; that of h_0 is adj 0
     lhid, ladj, lgradW, lgradB, lgradC    the same for phi = psi = id         *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

(* entrywise product *)
Definition had (R : ringType) m n (A B : 'M[R]_(m, n)) : 'M[R]_(m, n) :=
  \matrix_(i, j) (A i j * B i j).

(* Frobenius inner product *)
Definition ip (R : ringType) m n (A B : 'M[R]_(m, n)) : R := \tr (A^T *m B).

Record trial (R : ringType) (n p q : nat) := Trial {
  tT  : nat;                  (* number of steps *)
  th0 : 'cV[R]_n;             (* initial state *)
  tu  : nat -> 'cV[R]_p;      (* inputs *)
  te  : nat -> 'cV[R]_q       (* e_t: gradient of the loss w.r.t. y_t: ARBITRARY *)
}.

Section Model.
Variable R : comRingType.
Variables (n p q : nat) (a : R) (phi psi dphi dpsi : R -> R).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).

Fixpoint hid (t : nat) : 'cV[R]_n :=
  if t is s.+1 then
    (1 - a) *: hid s + a *: map_mx phi (W *m map_mx psi (hid s) + B *m tu x s)
  else th0 x.

Definition rate t := map_mx psi (hid t).
Definition pre t := W *m rate t + B *m tu x t.
Definition out t := C *m rate t.

(* adjr s is the adjoint at time T - s *)
Fixpoint adjr (s : nat) : 'cV[R]_n :=
  if s is r.+1 then
    let t := (tT x - r.+1)%N in
    (1 - a) *: adjr r +
    had (map_mx dpsi (hid t))
        (C^T *m te x t + a *: (W^T *m had (map_mx dphi (pre t)) (adjr r)))
  else had (map_mx dpsi (hid (tT x))) (C^T *m te x (tT x)).

Definition adj t := adjr (tT x - t).
Definition delta t := had (map_mx dphi (pre t)) (adj t.+1).

Definition gradW : 'M[R]_n      := a *: \sum_(t < tT x) delta t *m (rate t)^T.
Definition gradB : 'M[R]_(n, p) := a *: \sum_(t < tT x) delta t *m (tu x t)^T.
Definition gradC : 'M[R]_(q, n) := \sum_(t < (tT x).+1) te x t *m (rate t)^T.

Lemma hidS t : hid t.+1 = (1 - a) *: hid t + a *: map_mx phi (pre t).
Proof. by []. Qed.

Lemma adjrS r (t := (tT x - r.+1)%N) : adjr r.+1 = (1 - a) *: adjr r +
  had (map_mx dpsi (hid t))
      (C^T *m te x t + a *: (W^T *m had (map_mx dphi (pre t)) (adjr r))).
Proof. by []. Qed.

Lemma adjT : adj (tT x) = had (map_mx dpsi (hid (tT x))) (C^T *m te x (tT x)).
Proof. by rewrite /adj subnn. Qed.

Lemma adjS t : (t < tT x)%N ->
  adj t = (1 - a) *: adj t.+1 +
          had (map_mx dpsi (hid t)) (C^T *m te x t + a *: (W^T *m delta t)).
Proof.
move=> ltT; have eqs: (tT x - t = (tT x - t.+1).+1)%N by rewrite subnSK.
by rewrite {1}/adj eqs adjrS -eqs subKn // ltnW.
Qed.

End Model.

Section Had.
Variable R : comRingType.
Lemma had1 m n (A B : 'M[R]_(m, n)) : had (map_mx (fun=> 1) A) B = B.
Proof. by apply/matrixP=> i j; rewrite !mxE mul1r. Qed.
Lemma map_mx_id m n (A : 'M[R]_(m, n)) : map_mx id A = A.
Proof. by apply/matrixP=> i j; rewrite mxE. Qed.
End Had.

(* The linear network: phi = psi = id, derivative 1 *)
Section Linear.
Variable R : comRingType.
Variables (n p q : nat) (a : R).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (C : 'M[R]_(q, n)) (x : trial R n p q).

Definition lhid := hid a id id W B x.
Definition ladj := adj a id id (fun=> 1) (fun=> 1) W B C x.
Definition lgradW := gradW a id id (fun=> 1) (fun=> 1) W B C x.
Definition lgradB := gradB a id id (fun=> 1) (fun=> 1) W B C x.
Definition lgradC := gradC a id id W B x.

Lemma lhid0 : lhid 0 = th0 x. Proof. by []. Qed.

Lemma lhidS t : lhid t.+1 = (1 - a) *: lhid t + a *: (W *m lhid t + B *m tu x t).
Proof. by rewrite /lhid hidS /pre /rate !map_mx_id. Qed.

Lemma ladjT : ladj (tT x) = C^T *m te x (tT x).
Proof. by rewrite /ladj adjT had1. Qed.

Lemma ladjS t : (t < tT x)%N ->
  ladj t = C^T *m te x t + (1 - a) *: ladj t.+1 + a *: (W^T *m ladj t.+1).
Proof. by move=> ltT; rewrite /ladj adjS // !had1 /delta had1 addrCA addrA. Qed.

Lemma lgradWE : lgradW = a *: \sum_(t < tT x) ladj t.+1 *m (lhid t)^T.
Proof.
by congr (_ *: _); apply: eq_bigr => t _; rewrite /delta had1 /rate map_mx_id.
Qed.

Lemma lgradBE : lgradB = a *: \sum_(t < tT x) ladj t.+1 *m (tu x t)^T.
Proof. by congr (_ *: _); apply: eq_bigr => t _; rewrite /delta had1. Qed.

Lemma lgradCE : lgradC = \sum_(t < (tT x).+1) te x t *m (lhid t)^T.
Proof. by apply: eq_bigr => t _; rewrite /rate map_mx_id. Qed.

End Linear.

(* A bias b is the input column b with the constant input 1. *)
Section Bias.
Variable R : comRingType.
Variables (n p q : nat) (a : R) (phi psi dphi dpsi : R -> R).
Variables (W : 'M[R]_n) (B : 'M[R]_(n, p)) (b : 'cV[R]_n) (C : 'M[R]_(q, n)).
Variable x : trial R n p q.

Definition bias_trial : trial R n (p + 1) q :=
  Trial (tT x) (th0 x) (fun t => col_mx (tu x t) (const_mx 1)) (te x).
Local Notation Bb := (row_mx B b).
Local Notation hidb := (hid a phi psi W Bb bias_trial).

Lemma pre_bias t : pre a phi psi W Bb bias_trial t =
  W *m map_mx psi (hidb t) + B *m tu x t + b.
Proof.
rewrite /pre /rate /= mul_row_col addrA; congr (_ + _).
by rewrite [const_mx 1]mx11_scalar mul_mx_scalar mxE scale1r.
Qed.

Lemma hid_bias t : hidb t.+1 = (1 - a) *: hidb t +
  a *: map_mx phi (W *m map_mx psi (hidb t) + B *m tu x t + b).
Proof. by rewrite hidS pre_bias. Qed.

Lemma gradB_bias : gradB a phi psi dphi dpsi W Bb C bias_trial =
  row_mx (a *: \sum_(t < tT x) delta a phi psi dphi dpsi W Bb C bias_trial t *m (tu x t)^T)
         (a *: \sum_(t < tT x) delta a phi psi dphi dpsi W Bb C bias_trial t).
Proof.
rewrite /gradB -scale_row_mx; congr (_ *: _).
rewrite [tT bias_trial]/=; elim: (tT x) => [|k IHk]; first by rewrite !big_ord0 row_mx0.
rewrite !big_ord_recr IHk /= tr_col_mx mul_mx_row add_row_mx; congr (row_mx _ (_ + _)).
by rewrite trmx_const [const_mx 1]mx11_scalar mul_mx_scalar mxE scale1r.
Qed.
End Bias.

(* Main results: hid_bias gradB_bias *)
