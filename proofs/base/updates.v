(* What an optimizer may do.

     gd_like c Th G     Th k = c k Th 0 + a combination of G 0 .. G (k-1)
     combines Th G      Th (k+1) is a combination of Th 0 .. Th k and G 0 .. G k;
                        such a sequence is gd_like ([combines_gd_like])
     spectral c W G     rows (columns) of W k - c k W 0 lie in the sum of the row
                        (column) spaces of G 0 .. G (k-1)
     keeps_space S c W G    if the gradients so far have rows and columns in S,
                        so has W k - c k W 0
     keeps_columns, keeps_rows     the same for B, h_0 (columns) and C (rows)
     odd_in G k         odd expressions in G 0 .. G (k-1): X Y^T Z and sums
     mpow, mpoly, odd_poly, newton_schulz    polynomials of matrices

   gd_like -> spectral -> keeps_space S for every S. Gradient descent, heavy-ball
   momentum with weight decay, Nesterov, and frozen parameters are gd_like; step
   sizes, momenta and decays may differ from step to step and depend on anything,
   so clipping by the global norm is included. Where an optimizer takes gradients
   at points that are not iterates (Runge-Kutta), let Th list these points too.
   Muon with or without Nesterov's momentum, odd polynomials of gradients and
   polynomial Shampoo are spectral, and so is whatever adds odd expressions to a
   multiple of the start ([odd_spectral]: Runge-Kutta along Muon's direction).  *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section GDLike.
Variables (F : fieldType) (m1 m2 : nat).
Implicit Types (Th G V : nat -> 'M[F]_(m1, m2)).

Definition gd_like (c0 : nat -> F) Th G :=
  forall k, exists c : nat -> F, Th k = c0 k *: Th 0%N + \sum_(j < k) c j *: G j.

Lemma frozen_gd_like Th G : (forall k, Th k = Th 0%N) -> gd_like (fun=> 1) Th G.
Proof.
move=> frz k; exists (fun=> 0); rewrite scale1r big1 ?addr0 // => j _.
by rewrite scale0r.
Qed.

Lemma gradient_descent_gd_like eta Th G : (forall k, Th k.+1 = Th k - eta k *: G k) ->
  gd_like (fun=> 1) Th G.
Proof.
move=> gd k; exists (fun j => - eta j); rewrite scale1r.
elim: k => [|k IHk]; first by rewrite big_ord0 addr0.
by rewrite gd IHk big_ord_recr /= addrA scaleNr.
Qed.

(* heavy-ball momentum with weight decay; learning rate, momentum and decay may
   all depend on the step.  Plain weight decay is mu = 0. *)
Fixpoint decay (eta mu lam : nat -> F) k : F * F := (* (weights, velocity) *)
  if k is j.+1 then
    let w := (decay eta mu lam j).1 in
    let v := mu j * (decay eta mu lam j).2 + lam j * w in (w - eta j * v, v)
  else (1, 0).

Lemma momentum_gd_like eta mu lam Th V G :
  V 0%N = 0 ->
  (forall k, V k.+1 = mu k *: V k + lam k *: Th k + G k) ->
  (forall k, Th k.+1 = Th k - eta k *: V k.+1) ->
  gd_like (fun k => (decay eta mu lam k).1) Th G.
Proof.
move=> V0 VS ThS k.
suff [c [d [eTh _]]] : exists c d : nat -> F,
    Th k = (decay eta mu lam k).1 *: Th 0%N + \sum_(j < k) c j *: G j /\
    V k = (decay eta mu lam k).2 *: Th 0%N + \sum_(j < k) d j *: G j.
  by exists c.
elim: k => [|k [c [d [eTh eV]]]].
  by exists (fun=> 0), (fun=> 0); rewrite !big_ord0 !addr0 scale1r scale0r.
pose d' j := if (j == k)%N then 1 else mu k * d j + lam k * c j.
pose c' j := if (j == k)%N then - eta k else c j - eta k * d' j.
have eV' : V k.+1 = (decay eta mu lam k.+1).2 *: Th 0%N + \sum_(j < k.+1) d' j *: G j.
  rewrite VS eV eTh big_ord_recr /= {2}/d' eqxx scale1r !addrA; congr (_ + _).
  rewrite !scalerDr !scalerA addrACA -scalerDl; congr (_ + _).
  rewrite !scaler_sumr -big_split; apply: eq_bigr => j _ /=.
  by rewrite /d' ltn_eqF // !scalerA scalerDl.
exists c', d'; split=> //; rewrite ThS eV' eTh !big_ord_recr /= {2}/d' {2}/c' eqxx scale1r.
rewrite !scalerDr scalerA !opprD addrACA -scalerBl; congr (_ + _).
rewrite addrA scaleNr; congr (_ - _).
rewrite scaler_sumr -sumrB; apply: eq_bigr => j _ /=.
by rewrite /c' ltn_eqF // scalerBl scalerA.
Qed.

(* combinations of the start, the earlier iterates and the gradients so far *)
Definition combines Th G (al be : nat -> nat -> F) := forall k,
  Th k.+1 = \sum_(j < k.+1) al k j *: Th j + \sum_(j < k.+1) be k j *: G j.

Fixpoint start_shares (al : nat -> nat -> F) k : seq F :=
  if k is k'.+1 then rcons (start_shares al k')
    (\sum_(j < k'.+1) al k' j * (start_shares al k')`_j) else [:: 1].
Definition start_share al k := (start_shares al k)`_k.

Lemma size_start_shares al k : size (start_shares al k) = k.+1.
Proof. by elim: k => //= k IHk; rewrite size_rcons IHk. Qed.

Lemma nth_start_shares al k j : (j <= k)%N -> (start_shares al k)`_j = start_share al j.
Proof.
elim: k => [|k IHk] in j *; first by case: j.
rewrite leq_eqVlt => /predU1P[->|jk]; first by [].
by rewrite /= nth_rcons size_start_shares jk IHk.
Qed.

Lemma start_shareS al k :
  start_share al k.+1 = \sum_(j < k.+1) al k j * start_share al j.
Proof.
rewrite {1}/start_share /= nth_rcons size_start_shares ltnn eqxx.
by apply: eq_bigr => j _; rewrite nth_start_shares // -ltnS.
Qed.

Lemma combines_gd_like Th G al be : combines Th G al be -> gd_like (start_share al) Th G.
Proof.
move=> comb; elim/ltn_ind=> [[_|k IH]].
  by exists (fun=> 0); rewrite big_ord0 addr0 scale1r.
have sum_comb j : (j <= k.+1)%N -> (forall i, (i < j)%N -> exists c : nat -> F,
    Th i = start_share al i *: Th 0%N + \sum_(l < k.+1) c l *: G l) ->
    exists c : nat -> F, \sum_(i < j) al k i *: Th i =
    (\sum_(i < j) al k i * start_share al i) *: Th 0%N + \sum_(l < k.+1) c l *: G l.
  elim: j => [_ _|j IHj jk h].
    exists (fun=> 0); rewrite !big_ord0 scale0r add0r big1 // => l _; exact: scale0r.
  have [|c ec] := IHj (ltnW jk); first by move=> i ij; apply: h; apply: ltnW.
  have [d ed] := h j (leqnn _); exists (fun l => c l + al k j * d l).
  rewrite [LHS]big_ord_recr [X in X *: _ + _]big_ord_recr /= ec {1}ed.
  rewrite scalerDr scalerA scalerDl addrACA; congr (_ + _).
  by rewrite scaler_sumr -big_split; apply: eq_bigr => l _; rewrite /= scalerA scalerDl.
have [//|i ik|c ec] := sum_comb k.+1.
  have [c ec] := IH i ik; exists (fun l => if (l < i)%N then c l else 0).
  rewrite ec; congr (_ + _); rewrite (big_ord_widen k.+1 (fun l => c l *: G l) (ltnW ik)).
  by rewrite big_mkcond; apply: eq_bigr => l _; case: ifP => // _; rewrite scale0r.
exists (fun l => c l + be k l); rewrite comb ec start_shareS -addrA; congr (_ + _).
by rewrite -big_split /=; apply: eq_bigr => l _; rewrite scalerDl.
Qed.

(* Nesterov: the gradients are taken at the points ahead of the iterates *)
Lemma nesterov_gd_like (eta mu : nat -> F) Th ahead G :
  ahead 0%N = Th 0%N -> (forall k, Th k.+1 = ahead k - eta k *: G k) ->
  (forall k, ahead k.+1 = Th k.+1 + mu k *: (Th k.+1 - Th k)) ->
  exists c0, gd_like c0 ahead G.
Proof.
move=> a0 ThS aS.
pose al k j := (j == k)%:R * (1 + mu k) - (if k is k'.+1 then (j == k')%:R * mu k else (j == 0%N)%:R * mu k).
pose be k j := - ((j == k)%:R * ((1 + mu k) * eta k)) +
  (if k is k'.+1 then (j == k')%:R * (mu k * eta k') else 0).
have single (H : nat -> 'M[F]_(m1, m2)) k i c : (i <= k)%N ->
    \sum_(j < k.+1) ((j : nat) == i)%:R * c *: H j = c *: H i.
  move=> ik; rewrite (bigD1 (Ordinal (ik : (i < k.+1)%N))) //= eqxx mul1r big1 ?addr0 // => j.
  by rewrite -val_eqE /= => /negPf->; rewrite mul0r scale0r.
exists (start_share al); apply: (@combines_gd_like _ _ _ be) => k.
rewrite /al /be; under eq_bigr do rewrite scalerBl; rewrite sumrB (single ahead) //.
under [X in _ + X]eq_bigr do rewrite scalerDl scaleNr; rewrite big_split /= sumrN (single G) //.
rewrite aS ThS scalerBr [in LHS]scalerBr scalerA.
have e1 (c d : F) (u g h : 'M[F]_(m1, m2)) :
    u - c *: g + (d *: u - (d * c) *: g - h) = (1 + d) *: u - h - ((1 + d) * c) *: g.
  by rewrite mulrDl mul1r !scalerDl scale1r opprD [RHS]addrAC [X in _ = X - h]addrACA -[RHS]addrA.
case: k => [|k].
  rewrite [X in _ + (_ + X)]big1 ?addr0 => [|j _]; last by rewrite scale0r.
  by rewrite (single ahead) // a0 e1.
rewrite (single ahead) // (single G) // ThS scalerBr scalerA e1.
by rewrite opprB !addrA [RHS]addrAC [X in _ = X - _]addrAC.
Qed.
End GDLike.

Section Methods.
Variable F : fieldType.

Definition spectral m1 m2 (c0 : nat -> F) (W G : nat -> 'M[F]_(m1, m2)) :=
  forall k, let D := W k - c0 k *: W 0%N in
  (D <= row_span G k)%MS /\ (D^T <= row_span (tr_seq G) k)%MS.

Definition keeps_space n s (S : 'M[F]_(s, n)) (c0 : nat -> F) (W G : nat -> 'M[F]_n) :=
  forall k, (forall j, (j < k)%N -> (G j <= S)%MS /\ ((G j)^T <= S)%MS) ->
  let D := W k - c0 k *: W 0%N in (D <= S)%MS /\ (D^T <= S)%MS.

Lemma gd_like_spectral m1 m2 c0 (W G : nat -> 'M[F]_(m1, m2)) : gd_like c0 W G -> spectral c0 W G.
Proof.
move=> rW k; have [c ->] := rW k; rewrite addrC addKr; split.
  by rewrite summx_sub // => j _; rewrite scalemx_sub ?sub_row_span.
by apply: cols_sum => j _; rewrite colsZ // (sub_row_span (tr_seq G)).
Qed.

Lemma spectral_keeps_space n s (S : 'M[F]_(s, n)) c0 W G : spectral c0 W G -> keeps_space S c0 W G.
Proof.
move=> rW k inS; have [/= sD sDt] := rW k.
split; [apply: submx_trans sD _ | apply: submx_trans sDt _];
  by apply: row_span_sub => j /inS[].
Qed.

(* two-sided preconditioners that map S into S, step by step *)
Lemma preconditioned_keeps_space n s (S : 'M[F]_(s, n)) (lam : nat -> F) (W G L R : nat -> 'M[F]_n) :
  (forall k, W k.+1 = (1 - lam k) *: W k - L k *m G k *m R k) ->
  (forall k, (forall j, (j <= k)%N -> (G j <= S)%MS /\ ((G j)^T <= S)%MS) ->
     (S *m (L k)^T <= S)%MS /\ (S *m R k <= S)%MS) ->
  keeps_space S (fun k => \prod_(j < k) (1 - lam j)) W G.
Proof.
move=> upd sLR; elim=> [|k IHk] inS.
  by rewrite /= big_ord0 scale1r subrr trmx0 sub0mx.
have [/= sD sDt] := IHk (fun j jk => inS j (ltnW jk)).
have [sL sR] := sLR k inS; have [sG sGt] := inS k (leqnn _).
have -> : W k.+1 - \prod_(j < k.+1) (1 - lam j) *: W 0%N =
    (1 - lam k) *: (W k - \prod_(j < k) (1 - lam j) *: W 0%N) - L k *m G k *m R k.
  by rewrite upd big_ord_recr /= scalerBr scalerA addrAC [_ * \prod_(_ < _) _]mulrC.
split=> /=.
  rewrite addmx_sub ?scalemx_sub // eqmx_opp -mulmxA.
  by rewrite mulmx_sub // (submx_trans (submxMr _ sG)).
rewrite linearB addmx_sub //=; first exact: colsZ.
by rewrite eqmx_opp; apply: cols_mul; apply: cols_stable.
Qed.

(* odd expressions in the past gradients G_j, j < k *)
Section Odd.
Variables (m1 m2 : nat) (G : nat -> 'M[F]_(m1, m2)).

Inductive odd_in (k : nat) : 'M[F]_(m1, m2) -> Prop :=
 | OddG j of (j < k)%N : odd_in k (G j)
 | Odd0 : odd_in k 0
 | OddD X Y of odd_in k X & odd_in k Y : odd_in k (X + Y)
 | OddZ c X of odd_in k X : odd_in k (c *: X)
 | OddM X Y Z of odd_in k X & odd_in k Y & odd_in k Z : odd_in k (X *m Y^T *m Z).

Lemma odd_in_spans k X : odd_in k X -> (X <= row_span G k)%MS /\ (X^T <= row_span (tr_seq G) k)%MS.
Proof.
elim=> {X} [j jk||X Y _ [? ?] _ [? ?]|c X _ [? ?]|X Y Z _ [? ?] _ _ _ [? ?]].
- by split; [exact: sub_row_span | exact: (sub_row_span (tr_seq G))].
- by rewrite trmx0 !sub0mx.
- by split; rewrite ?linearD addmx_sub.
- by split; rewrite ?linearZ scalemx_sub.
- by split; rewrite ?mulmx_sub // -mulmxA; apply: cols_mul.
Qed.

Lemma odd_inW k l X : (k <= l)%N -> odd_in k X -> odd_in l X.
Proof.
move=> kl; elim=> *; [|exact: Odd0|exact: OddD|exact: OddZ|exact: OddM].
by apply: OddG; apply: leq_trans kl.
Qed.

Lemma odd_in_sum k (I : Type) (r : seq I) (P : pred I) (X : I -> 'M[F]_(m1, m2)) :
  (forall i, P i -> odd_in k (X i)) -> odd_in k (\sum_(i <- r | P i) X i).
Proof. by move=> oX; elim/big_ind: _ => //; [exact: Odd0 | exact: OddD]. Qed.

(* a multiple of the start and an odd expression *)
Theorem odd_spectral (c : nat -> F) W :
  (forall k, exists2 U, odd_in k U & W k = c k *: W 0%N - U) -> spectral c W G.
Proof.
move=> upd k; have [U /odd_in_spans[sU sUt] eW] := upd k.
have -> : W k - c k *: W 0%N = - U by rewrite eW addrC addKr.
by rewrite /= linearN !eqmx_opp.
Qed.

(* any update built from odd expressions, with decoupled weight decay *)
Definition odd_method (lam : nat -> F) (W : nat -> 'M[F]_(m1, m2)) :=
  forall k, exists2 U, odd_in k.+1 U & W k.+1 = (1 - lam k) *: W k - U.

Theorem odd_method_spectral lam W : odd_method lam W ->
  spectral (fun k => \prod_(j < k) (1 - lam j)) W G.
Proof.
move=> upd; elim=> [|k [/= sD sDt]].
  by rewrite /= big_ord0 scale1r subrr trmx0 !sub0mx.
have [U /odd_in_spans[sU sUt] eW] := upd k.
have -> : W k.+1 - \prod_(j < k.+1) (1 - lam j) *: W 0%N =
    (1 - lam k) *: (W k - \prod_(j < k) (1 - lam j) *: W 0%N) - U.
  by rewrite eW big_ord_recr /= scalerBr scalerA addrAC [_ * \prod_(_ < _) _]mulrC.
split=> /=; first by rewrite addmx_sub ?eqmx_opp // scalemx_sub // (submx_trans sD) ?row_spanW.
by rewrite linearB addmx_sub ?eqmx_opp //= linearZ scalemx_sub // (submx_trans sDt) ?row_spanW.
Qed.
End Odd.

(* matrix polynomials *)
Definition mpow n (M : 'M[F]_n) i : 'M[F]_n := iter i (mulmx M) 1%:M.
Definition mpoly n d (c : nat -> F) (M : 'M[F]_n) := \sum_(i < d) c i *: mpow M i.

(* f (X) = sum_j c_j X (X^T X)^j *)
Definition odd_poly m1 m2 d (c : nat -> F) (X : 'M[F]_(m1, m2)) := X *m mpoly d c (X^T *m X).

(* Newton-Schulz, coefficients free to change from step to step *)
Definition ns_step m1 m2 (abc : F * F * F) (X : 'M[F]_(m1, m2)) :=
  let: (a, b, c) := abc in
  a *: X + b *: (X *m X^T *m X) + c *: ((X *m X^T *m X) *m X^T *m X).
Definition newton_schulz m1 m2 (cs : seq (F * F * F)) (X : 'M[F]_(m1, m2)) :=
  foldl (fun Y abc => ns_step abc Y) X cs.

Section OddUse.
Variables (m1 m2 : nat) (G : nat -> 'M[F]_(m1, m2)) (k : nat).
Local Notation odd_in := (odd_in G k).

Lemma odd_in_mulr d (c : nat -> F) X (R : 'M[F]_m2) :
  (forall Y, odd_in Y -> odd_in (Y *m R)) -> odd_in X -> odd_in (X *m mpoly d c R).
Proof.
move=> oR oX; rewrite mulmx_sumr; apply: odd_in_sum => i _; rewrite -scalemxAr; apply: OddZ.
elim: {i}(nat_of_ord i) X oX => [|i IHi] X oX; first by rewrite mulmx1.
by rewrite /mpow iterS mulmxA; apply: IHi; apply: oR.
Qed.

Lemma odd_in_mull d (c : nat -> F) X (L : 'M[F]_m1) :
  (forall Y, odd_in Y -> odd_in (L *m Y)) -> odd_in X -> odd_in (mpoly d c L *m X).
Proof.
move=> oL oX; rewrite mulmx_suml; apply: odd_in_sum => i _; rewrite -scalemxAl; apply: OddZ.
elim: {i}(nat_of_ord i) => [|i IHi]; first by rewrite mul1mx.
by rewrite /mpow iterS -mulmxA; apply: oL.
Qed.

Theorem odd_in_poly d c X : odd_in X -> odd_in (odd_poly d c X).
Proof. by move=> oX; apply: odd_in_mulr => // Y oY; rewrite mulmxA; apply: OddM. Qed.

Theorem odd_in_newton_schulz cs X : odd_in X -> odd_in (newton_schulz cs X).
Proof.
elim: cs X => //= [[[a b] c]] cs IHcs X oX; apply: IHcs.
by do !apply: OddD; apply: OddZ => //; do !apply: OddM.
Qed.

(* p (sum_j c_j G_j G_j^T) X q (sum_j d_j G_j^T G_j) *)
Theorem odd_in_shampoo dl dr cl cr (c d : nat -> F) X : odd_in X ->
  odd_in (mpoly dl cl (\sum_(j < k) c j *: (G j *m (G j)^T)) *m X *m
        mpoly dr cr (\sum_(j < k) d j *: ((G j)^T *m G j))).
Proof.
move=> oX; apply: odd_in_mulr => [Y oY|].
  rewrite mulmx_sumr; apply: odd_in_sum => j _; rewrite -scalemxAr mulmxA.
  by apply: OddZ; apply: OddM => //; apply: OddG.
apply: odd_in_mull => // Y oY; rewrite mulmx_suml; apply: odd_in_sum => j _.
by rewrite -scalemxAl; apply: OddZ; apply: OddM => //; apply: OddG.
Qed.
End OddUse.

(* W_{k+1} = (1 - lam_k) W_k - eta_k f_k (G_k),  f_k odd polynomials *)
Theorem odd_poly_spectral m1 m2 (lam eta : nat -> F) d (c : nat -> nat -> F)
    (W G : nat -> 'M[F]_(m1, m2)) :
  (forall k, W k.+1 = (1 - lam k) *: W k - eta k *: odd_poly (d k) (c k) (G k)) ->
  spectral (fun k => \prod_(j < k) (1 - lam j)) W G.
Proof.
move=> upd; apply: odd_method_spectral => k; exists (eta k *: odd_poly (d k) (c k) (G k)) => //.
by apply/OddZ/odd_in_poly/OddG.
Qed.

(* Muon: Newton-Schulz of the momentum buffer (al = 1, be = 0), or of the gradient and
   the buffer together (Nesterov: al = mu, be = 1); dividing by a norm is part of al, be *)
Theorem muon_spectral m1 m2 (lam eta mu al be : nat -> F) (cs : nat -> seq (F * F * F))
    (W V G : nat -> 'M[F]_(m1, m2)) :
  V 0%N = 0 -> (forall k, V k.+1 = mu k *: V k + G k) ->
  (forall k, W k.+1 = (1 - lam k) *: W k -
     eta k *: newton_schulz (cs k) (al k *: V k.+1 + be k *: G k)) ->
  spectral (fun k => \prod_(j < k) (1 - lam j)) W G.
Proof.
move=> V0 VS upd; apply: odd_method_spectral => k; eexists; last exact: upd.
apply/OddZ/odd_in_newton_schulz; apply: OddD; apply: OddZ; last exact: OddG.
elim: {upd}k => [|k IHk]; rewrite VS.
  by rewrite V0; apply: OddD; [apply/OddZ/Odd0 | apply: OddG].
by apply: OddD; [apply/OddZ/(odd_inW _ IHk) | apply: OddG].
Qed.

(* Shampoo-like, matrix functions as polynomials *)
Theorem shampoo_spectral m1 m2 (lam : nat -> F) dl dr (cl cr c d : nat -> nat -> F)
    (W G : nat -> 'M[F]_(m1, m2)) :
  (forall k, W k.+1 = (1 - lam k) *: W k -
     mpoly (dl k) (cl k) (\sum_(j < k.+1) c k j *: (G j *m (G j)^T)) *m G k *m
     mpoly (dr k) (cr k) (\sum_(j < k.+1) d k j *: ((G j)^T *m G j))) ->
  spectral (fun k => \prod_(j < k) (1 - lam j)) W G.
Proof.
move=> upd; apply: odd_method_spectral => k; eexists; last exact: upd.
by apply: odd_in_shampoo; apply: OddG.
Qed.
End Methods.

(* Main results: combines_gd_like momentum_gd_like nesterov_gd_like gd_like_spectral *)
(* Main results: spectral_keeps_space odd_spectral muon_spectral shampoo_spectral *)
(* Main results: preconditioned_keeps_space *)
