(* The induction behind the invariance theorems, relative to the states and errors
   that are visited: if at every step the gradients of W, B, C, h_0 keep the space
   S as soon as the parameters do, the whole run stays in S.

     visited_inside     initial state, driven inputs and back-projected errors of a
                        trial in S; phi, psi and their slopes keep S where visited
     closed_under f, slope_closed g     the same for all vectors of S
     batch_gradW ..     sums over the trials X k m, m < M k, of step k; the initial
                        state of a trial is h0 k *m sel k m: the columns of h0 are
                        initial states (none, one common, one for each trial),
                        trained or not
     keeps_columns_beside   [B b] may be moved by one rule for B and one for b
     visited_invariant  the induction
     closed_invariant   its case for spaces closed under phi, psi                *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Visited.
Variable F : fieldType.

Section OneTrial.
Variables (n p q s : nat) (a : F) (phi psi dphi dpsi : F -> F) (S : 'M[F]_(s, n)).
Variables (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (x : trial F n p q).

Notation hid := (hid a phi psi W B x).
Notation rate := (rate a phi psi W B x).
Notation pre := (pre a phi psi W B x).
Notation adjr := (adjr a phi psi dphi dpsi W B C x).
Notation delta := (delta a phi psi dphi dpsi W B C x).

(* initial state, driven inputs and back-projected errors in S; nonlinearities and
   gains keep S, at the states visited by this trial *)
Record visited_inside : Prop := VisitedInside {
  inside_h0 : ((th0 x)^T <= S)%MS;
  inside_input : forall t, (t < tT x)%N -> ((B *m tu x t)^T <= S)%MS;
  inside_error : forall t, (t <= tT x)%N -> ((hid t)^T <= S)%MS -> ((C^T *m te x t)^T <= S)%MS;
  inside_phi : forall t, (t < tT x)%N -> ((pre t)^T <= S)%MS -> ((map_mx phi (pre t))^T <= S)%MS;
  inside_psi : forall t, (t <= tT x)%N -> ((hid t)^T <= S)%MS -> ((rate t)^T <= S)%MS;
  inside_dphi : forall t (l : 'cV_n), (t < tT x)%N -> ((pre t)^T <= S)%MS -> (l^T <= S)%MS ->
    ((had (map_mx dphi (pre t)) l)^T <= S)%MS;
  inside_dpsi : forall t (l : 'cV_n), (t <= tT x)%N -> ((hid t)^T <= S)%MS -> (l^T <= S)%MS ->
    ((had (map_mx dpsi (hid t)) l)^T <= S)%MS }.

Hypotheses (inside : visited_inside) (sW : stable S W).

Lemma pre_sub_of_hid t : (t < tT x)%N -> ((hid t)^T <= S)%MS -> ((pre t)^T <= S)%MS.
Proof.
move=> tT sh; case: sW => sWt _; apply: colsD; last exact: inside_input.
by apply: cols_stable => //; apply: inside_psi => //; apply: ltnW.
Qed.

Lemma hid_sub t : (t <= tT x)%N -> ((hid t)^T <= S)%MS.
Proof.
elim: t => [_|t IHt tT]; first exact: inside_h0.
have sh := IHt (ltnW tT); rewrite hidS.
by apply: colsD; apply: colsZ => //; apply: inside_phi => //; apply: pre_sub_of_hid.
Qed.

Lemma rate_sub t : (t <= tT x)%N -> ((rate t)^T <= S)%MS.
Proof. by move=> tT; apply: inside_psi => //; apply: hid_sub. Qed.

Lemma pre_sub t : (t < tT x)%N -> ((pre t)^T <= S)%MS.
Proof. by move=> tT; apply: pre_sub_of_hid => //; apply/hid_sub/ltnW. Qed.

Lemma adjr_sub r : (r <= tT x)%N -> ((adjr r)^T <= S)%MS.
Proof.
elim: r => [_|r IHr rT]; first by apply: inside_dpsi => //; [|apply: inside_error]; rewrite ?hid_sub.
have sA := IHr (ltnW rT); have lt : (tT x - r.+1 < tT x)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
have sh : ((hid (tT x - r.+1))^T <= S)%MS by apply/hid_sub/leq_subr.
rewrite adjrS; apply: colsD; first exact: colsZ.
apply: inside_dpsi => //; first exact: leq_subr.
apply: colsD; first by apply: inside_error => //; exact: leq_subr.
case: sW => _ sWt; apply: colsZ; apply: cols_stable; first by rewrite trmxK.
by apply: inside_dphi => //; apply: pre_sub.
Qed.

Lemma delta_sub t : (t < tT x)%N -> ((delta t)^T <= S)%MS.
Proof.
by move=> tT; apply: inside_dphi => //; [apply: pre_sub | apply/adjr_sub/leq_subr].
Qed.

Theorem gradW_sub : (gradW a phi psi dphi dpsi W B C x <= S)%MS /\
  ((gradW a phi psi dphi dpsi W B C x)^T <= S)%MS.
Proof.
split.
  by rewrite scalemx_sub ?summx_sub // => t _; rewrite mulmx_sub ?rate_sub // ltnW.
by rewrite colsZ ?cols_sum // => t _; rewrite cols_mul ?delta_sub.
Qed.

Theorem gradB_sub : ((gradB a phi psi dphi dpsi W B C x)^T <= S)%MS.
Proof. by rewrite colsZ ?cols_sum // => t _; rewrite cols_mul ?delta_sub. Qed.

Theorem gradC_sub : (gradC a phi psi W B x <= S)%MS.
Proof. by rewrite summx_sub // => t _; rewrite mulmx_sub ?rate_sub // -ltnS. Qed.

Theorem adj_sub t : ((adj a phi psi dphi dpsi W B C x t)^T <= S)%MS.
Proof. exact/adjr_sub/leq_subr. Qed.
End OneTrial.

(* what is asked of the optimizers of B, h_0 (columns) and C (rows) *)
Definition keeps_columns n m s (S : 'M[F]_(s, n)) (B G : nat -> 'M[F]_(n, m)) :=
  forall k, (forall j, (j < k)%N -> ((G j)^T <= S)%MS) ->
  ((B 0%N)^T <= S)%MS -> ((B k)^T <= S)%MS.
Definition keeps_rows n m s (S : 'M[F]_(s, n)) (C G : nat -> 'M[F]_(m, n)) :=
  forall k, (forall j, (j < k)%N -> (G j <= S)%MS) -> (C 0%N <= S)%MS -> (C k <= S)%MS.

Lemma gd_like_keeps_columns n m s (S : 'M[F]_(s, n)) c0 (B G : nat -> 'M[F]_(n, m)) :
  gd_like c0 B G -> keeps_columns S B G.
Proof.
move=> rB k sG sB; have [c ->] := rB k.
by rewrite colsD ?colsZ ?cols_sum // => j _; rewrite colsZ ?sG.
Qed.

Lemma gd_like_keeps_rows n m s (S : 'M[F]_(s, n)) c0 (C G : nat -> 'M[F]_(m, n)) :
  gd_like c0 C G -> keeps_rows S C G.
Proof.
move=> rC k sG sC; have [c ->] := rC k.
by rewrite addmx_sub ?scalemx_sub ?summx_sub // => j _; rewrite scalemx_sub ?sG.
Qed.

(* inputs and bias are the columns of one matrix [B b], but one may be frozen while the
   other is trained, or each have its own rule *)
Lemma keeps_columns_beside n m1 m2 s (S : 'M[F]_(s, n)) (B G : nat -> 'M[F]_(n, m1 + m2)) :
  keeps_columns S (fun k => lsubmx (B k)) (fun k => lsubmx (G k)) ->
  keeps_columns S (fun k => rsubmx (B k)) (fun k => rsubmx (G k)) -> keeps_columns S B G.
Proof.
move=> rl rr k sG.
have halves (A : 'M[F]_(n, m1 + m2)) :
    (A^T <= S)%MS = ((lsubmx A)^T <= S)%MS && ((rsubmx A)^T <= S)%MS.
  by rewrite -{1}[A]hsubmxK tr_row_mx col_mx_sub.
rewrite !halves => /andP[sl sr]; apply/andP; split.
  by apply: rl sl => j /sG; rewrite halves => /andP[].
by apply: rr sr => j /sG; rewrite halves => /andP[].
Qed.

Section Run.
Variables (n p q r s : nat) (S : 'M[F]_(s, n)) (cW : nat -> F).
Variables (W GW : nat -> 'M[F]_n) (B GB : nat -> 'M[F]_(n, p)) (C GC : nat -> 'M[F]_(q, n)).
Variables (h0 Gh : nat -> 'M[F]_(n, r)).
Hypotheses (rW : keeps_space S cW W GW) (sW0 : stable S (W 0%N)).

Lemma stableD k : (W k - cW k *: W 0%N <= S)%MS -> ((W k - cW k *: W 0%N)^T <= S)%MS ->
  stable S (W k).
Proof.
case: sW0 => sW sWt sD sDt; rewrite -[W k](subrK (cW k *: W 0%N)); split.
  by rewrite linearD mulmxDr addmx_sub ?(mulmx_sub _ sDt) //= linearZ -scalemxAr scalemx_sub.
by rewrite mulmxDr addmx_sub ?(mulmx_sub _ sD) //= -scalemxAr scalemx_sub.
Qed.

Theorem visited_invariant K :
  keeps_columns S B GB -> keeps_rows S C GC -> keeps_columns S h0 Gh ->
  ((B 0%N)^T <= S)%MS -> (C 0%N <= S)%MS -> ((h0 0%N)^T <= S)%MS ->
  (forall j, (j < K)%N -> stable S (W j) ->
     ((B j)^T <= S)%MS -> (C j <= S)%MS -> ((h0 j)^T <= S)%MS ->
     [/\ (GW j <= S)%MS, ((GW j)^T <= S)%MS, ((GB j)^T <= S)%MS, (GC j <= S)%MS &
         ((Gh j)^T <= S)%MS]) ->
  forall k, (k <= K)%N -> let D := W k - cW k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS, ((B k)^T <= S)%MS, (C k <= S)%MS & ((h0 k)^T <= S)%MS].
Proof.
move=> rB rC rh sB sC sh sG; elim/ltn_ind => k IH kK.
have sGk j : (j < k)%N -> [/\ (GW j <= S)%MS, ((GW j)^T <= S)%MS, ((GB j)^T <= S)%MS,
    (GC j <= S)%MS & ((Gh j)^T <= S)%MS].
  move=> jk; have jK := leq_trans jk kK; have [/= sD sDt sBj sCj shj] := IH j jk (ltnW jK).
  by apply: sG => //; apply: stableD.
have [j /sGk[]|/= sD sDt] // := rW (k := k).
by split=> //; [apply: rB | apply: rC | apply: rh] => // j /sGk[].
Qed.

(* W alone *)
Corollary visited_invariantW K :
  (forall j, (j < K)%N -> stable S (W j) -> (GW j <= S)%MS /\ ((GW j)^T <= S)%MS) ->
  forall k, (k <= K)%N -> let D := W k - cW k *: W 0%N in (D <= S)%MS /\ (D^T <= S)%MS.
Proof.
move=> sG; elim/ltn_ind => k IH kK; apply: rW => j jk; have jK := leq_trans jk kK.
by have [/= sD sDt] := IH j jk (ltnW jK); apply: sG => //; apply: stableD.
Qed.
End Run.

Section Closed.
Variables (n p q r s : nat) (a : F) (phi psi dphi dpsi : F -> F) (S : 'M[F]_(s, n)).

Definition closed_under (f : F -> F) :=
  forall v : 'cV[F]_n, (v^T <= S)%MS -> ((map_mx f v)^T <= S)%MS.
Definition slope_closed (g : F -> F) := forall z l : 'cV[F]_n,
  (z^T <= S)%MS -> (l^T <= S)%MS -> ((had (map_mx g z) l)^T <= S)%MS.

Lemma closed_id : closed_under id.
Proof. by move=> v; rewrite map_mx_id. Qed.

Lemma slope_closed_id : slope_closed (fun=> 1).
Proof. by move=> z l _; rewrite had1. Qed.

Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (h0 : nat -> 'M[F]_(n, r)) (sel : nat -> nat -> 'cV[F]_r).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).

Definition batch_gradW k :=
  \sum_(m < M k) gradW a phi psi dphi dpsi (W k) (B k) (C k) (X k m).
Definition batch_gradB k :=
  \sum_(m < M k) gradB a phi psi dphi dpsi (W k) (B k) (C k) (X k m).
Definition batch_gradC k := \sum_(m < M k) gradC a phi psi (W k) (B k) (X k m).
Definition batch_gradh0 k :=
  \sum_(m < M k) adj a phi psi dphi dpsi (W k) (B k) (C k) (X k m) 0 *m (sel k m)^T.

Lemma batch_sub k : stable S (W k) ->
  (forall m, (m < M k)%N -> visited_inside a phi psi dphi dpsi S (W k) (B k) (C k) (X k m)) ->
  [/\ (batch_gradW k <= S)%MS, ((batch_gradW k)^T <= S)%MS, ((batch_gradB k)^T <= S)%MS,
      (batch_gradC k <= S)%MS & ((batch_gradh0 k)^T <= S)%MS].
Proof.
move=> sW ins; have inm (m : 'I_(M k)) := ins m (ltn_ord m).
have [g1 g2] : (batch_gradW k <= S)%MS /\ ((batch_gradW k)^T <= S)%MS.
  by apply: sum_two_sided => m _; apply: gradW_sub (inm m) sW.
split=> //.
- by apply: cols_sum => m _; apply: gradB_sub (inm m) sW.
- by rewrite summx_sub // => m _; apply: gradC_sub (inm m) sW.
- by apply: cols_sum => m _; apply/cols_mul; apply: adj_sub (inm m) sW _.
Qed.

(* S closed under phi, psi and their slopes: no condition for linear networks *)
Theorem closed_invariant cW :
  closed_under phi -> closed_under psi -> slope_closed dphi -> slope_closed dpsi ->
  keeps_space S cW W batch_gradW -> keeps_columns S B batch_gradB ->
  keeps_rows S C batch_gradC -> keeps_columns S h0 batch_gradh0 ->
  (forall k m, th0 (X k m) = h0 k *m sel k m) ->
  stable S (W 0%N) -> ((B 0%N)^T <= S)%MS -> (C 0%N <= S)%MS -> ((h0 0%N)^T <= S)%MS ->
  forall k, let D := W k - cW k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= \rank S)%N].
Proof.
move=> c1 c2 c3 c4 rW rB rC rh eh sW sB sC sh k D.
have [j jk sWj sBj sCj shj|//|sD sDt _ _ _] :=
    visited_invariant rW sW (K := k) rB rC rh sB sC sh _ (k := k); last by rewrite mxrankS.
apply: batch_sub => // m _; split=> *; rewrite ?eh; do ?[by apply: cols_mul; rewrite ?trmxK];
  do ?[exact: c1 | exact: c2 | exact: c3 | exact: c4].
Qed.
End Closed.

(* linear network: only inputs and errors matter *)
Lemma linear_visited_inside n p q s (a : F) (S : 'M[F]_(s, n)) W (B : 'M_(n, p)) (C : 'M_(q, n)) x :
  ((th0 x)^T <= S)%MS ->
  (forall t, (t < tT x)%N -> ((B *m tu x t)^T <= S)%MS) ->
  (forall t, (t <= tT x)%N -> ((lhid a W B x t)^T <= S)%MS -> ((C^T *m te x t)^T <= S)%MS) ->
  visited_inside a id id (fun=> 1) (fun=> 1) S W B C x.
Proof.
move=> sh su se; split=> // [t tT sp|t tT sp|t l tT sp sl|t l tT sp sl].
- by rewrite map_mx_id.
- by rewrite /rate map_mx_id.
- by rewrite had1.
- by rewrite had1.
Qed.
End Visited.

(* Main results: keeps_columns_beside visited_invariant closed_invariant *)
