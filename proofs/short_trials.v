(* short-trials (checked by src/theorem/short_trials.rs)

   Linear networks, h_0 = 0, W alone trained.
   Trials of at most two steps, any W_0: the gradient is a^2 C^T (sum e_2 u_0^T) B^T, so
     D_k = C^T X B^T,  rank D_k <= min (p, q),  r3 and CP rank <= p q,
   for GD-like methods; the rank for spectral ones as well.
   Trials of at most three steps, W_0 = w I, GD-like:
     D_k = C^T X B^T + B Y B^T + C^T Z C,
     rank D_k <= p + q,  r3 and CP rank <= p q + p^2 + q^2:
   the fourth block of S x S, B . C, needs four steps. W^T and W, which act once, on C^T or
   on B, map these matrices so that none appears.

     two_blocks D       D = C^T X B^T for some X
     three_blocks D     D = C^T X B^T + B Y B^T + C^T Z C for some X, Y, Z        *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Local Arguments lhid : simpl never.
Local Arguments ladj : simpl never.

Section Blocks.
Variable F : fieldType.

(* matrices L X_k R^T for given L and R *)
Lemma tensor_rank_le_product m n r s K (L : 'M[F]_(m, r)) (R : 'M[F]_(n, s)) (X : 'I_K -> 'M[F]_(r, s)) :
  tensor_rank_le (r * s) (fun k => L *m X k *m R^T).
Proof.
have -> : (r * s)%N = #|{: 'I_r * 'I_s}| by rewrite card_prod !card_ord.
apply: (@tensor_rank_le_fin _ _ _ _ _ (fun ij k => X k ij.1 ij.2) (fun ij => col ij.1 L)
  (fun ij => col ij.2 R)) => k.
rewrite -(pair_bigA _ (fun i j => X k i j *: (col i L *m (col j R)^T))) /=.
apply/matrixP=> i j; rewrite -mulmxA summxE !mxE; apply: eq_bigr => t _.
rewrite summxE !mxE mulr_sumr; apply: eq_bigr => t' _.
by rewrite !mxE big_ord1 !mxE mulrCA.
Qed.

Variables (n p q : nat) (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n).
Variables (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Let G k := \sum_(m < M k) lgradW a (W k) B C (X k m).
Hypothesis h0 : forall k m, (m < M k)%N -> th0 (X k m) = 0.

Definition two_blocks (D : 'M[F]_n) := exists Y, D = C^T *m Y *m B^T.
Definition three_blocks (D : 'M[F]_n) := exists Y Z V,
  D = C^T *m Y *m B^T + B *m Z *m B^T + C^T *m V *m C.

Lemma two_blocks_three D : two_blocks D -> three_blocks D.
Proof. by case=> Y ->; exists Y, 0, 0; rewrite !mulmx0 !mul0mx !addr0. Qed.

Lemma three_blocks0 : three_blocks 0.
Proof. by exists 0, 0, 0; rewrite !mulmx0 !mul0mx !addr0. Qed.

Lemma three_blocksD D E : three_blocks D -> three_blocks E -> three_blocks (D + E).
Proof.
move=> [Y [Z [V ->]]] [Y' [Z' [V' ->]]]; exists (Y + Y'), (Z + Z'), (V + V').
by rewrite !mulmxDr !mulmxDl [LHS]addrACA [X in X + _ = _]addrACA.
Qed.

Lemma three_blocksZ c D : three_blocks D -> three_blocks (c *: D).
Proof.
move=> [Y [Z [V ->]]]; exists (c *: Y), (c *: Z), (c *: V).
by rewrite -!scalemxAr -!scalemxAl !scalerDr.
Qed.

Lemma sum_three_blocks (I : Type) (r : seq I) (P : pred I) (A : I -> 'M[F]_n) :
  (forall i, P i -> three_blocks (A i)) -> three_blocks (\sum_(i <- r | P i) A i).
Proof. by move=> tA; elim/big_ind: _ => //; [apply: three_blocks0 | apply: three_blocksD]. Qed.

(* states of the first step, errors of the last one *)
Section Trial.
Variables (A : 'M[F]_n) (x : trial F n p q).
Hypothesis x0 : th0 x = 0.
Local Notation h := (lhid a A B x).
Local Notation l := (ladj a A B C x).

Lemma first_state : h 1%N = B *m (a *: tu x 0%N).
Proof. by rewrite lhidS lhid0 x0 mulmx0 scaler0 !add0r scalemxAr. Qed.

Lemma gradient_two_steps : (tT x <= 2)%N -> two_blocks (lgradW a A B C x).
Proof.
rewrite lgradWE; have z : two_blocks 0 by exists 0; rewrite mulmx0 mul0mx.
case eT: (tT x) => [|[|[|//]]] _.
- by rewrite big_ord0 scaler0.
- by rewrite big_ord1 lhid0 x0 trmx0 mulmx0 scaler0.
exists (a *: (te x 2 *m (a *: tu x 0%N)^T)).
have l2 : l 2 = C^T *m te x 2 by rewrite -eT ladjT.
rewrite big_ord_recl big_ord1 lhid0 x0 trmx0 mulmx0 add0r /= /bump /= l2 first_state.
by rewrite trmx_mul -scalemxAr -scalemxAl !mulmxA.
Qed.

(* D of three blocks maps B and D^T maps C^T into their common span *)
Variable v : F.
Hypothesis blocks : three_blocks (A - v%:M).

Lemma image_of_input y : exists y' z, A *m (B *m y) = B *m y' + C^T *m z :> 'cV_n.
Proof.
have [Y [Z [V e]]] := blocks; exists (v *: y + Z *m (B^T *m (B *m y))).
exists (Y *m (B^T *m (B *m y)) + V *m (C *m (B *m y))).
rewrite -{1}[A](subrK v%:M) e !mulmxDl mul_scalar_mx -!mulmxA !mulmxDr -scalemxAr.
by rewrite (addrAC (C^T *m _)) -addrA [LHS]addrC [X in X + _ = _]addrC.
Qed.

Lemma coimage_of_output y : exists y' z, A^T *m (C^T *m y) = C^T *m y' + B *m z :> 'cV_n.
Proof.
have [Y [Z [V e]]] := blocks; exists (v *: y + V^T *m (C *m (C^T *m y))).
exists (Y^T *m (C *m (C^T *m y)) + Z^T *m (B^T *m (C^T *m y))).
rewrite -{1}[A](subrK v%:M) e !(linearD (trmx_linear F n n)) /= tr_scalar_mx !trmx_mul !trmxK.
rewrite !mulmxDl mul_scalar_mx -!mulmxA !mulmxDr -scalemxAr.
by rewrite -addrA [LHS]addrC [X in X + _ = _]addrC.
Qed.

Lemma gradient_three_steps : (tT x <= 3)%N -> three_blocks (lgradW a A B C x).
Proof.
move=> T3; rewrite lgradWE; apply/three_blocksZ/sum_three_blocks => -[t tT] _ /=.
have mixed1 y y' z : three_blocks ((C^T *m y + B *m z) *m (B *m y' : 'cV_n)^T).
  exists (y *m y'^T), (z *m y'^T), 0; rewrite !mulmx0 mul0mx addr0.
  by rewrite trmx_mul mulmxDl !mulmxA.
have mixed2 y y' z : three_blocks (C^T *m y *m (B *m y' + C^T *m z : 'cV_n)^T).
  exists (y *m y'^T), 0, (y *m z^T); rewrite !mulmx0 mul0mx addr0.
  by rewrite linearD /= !trmx_mul trmxK mulmxDr !mulmxA.
case: t tT => [|[|[|t]]] tT; last by have := leq_trans tT T3.
- by rewrite lhid0 x0 trmx0 mulmx0; apply: three_blocks0.
- rewrite first_state; move: tT; rewrite leq_eqVlt => /predU1P[eT|tT].
    by rewrite eT ladjT -[C^T *m _]addr0 -(mulmx0 _ B); apply: mixed1.
  have eT := anti_leq (introT andP (conj T3 tT)).
  have l3 : l 3 = C^T *m te x 3 by rewrite -eT ladjT.
  rewrite ladjS // l3; have [y [z ->]] := coimage_of_output (te x 3).
  rewrite scalerDr !scalemxAr addrA -!mulmxDr; exact: mixed1.
have eT := anti_leq (introT andP (conj T3 tT)).
have l3 : l 3 = C^T *m te x 3 by rewrite -eT ladjT.
rewrite l3 lhidS first_state; have [y [z ->]] := image_of_input (a *: tu x 0%N).
rewrite !scalerDr !scalemxAr -addrA [_ + B *m (a *: tu x 1%N)]addrC addrA addrA -!mulmxDr.
exact: mixed2.
Qed.
End Trial.

Lemma rank_three_blocks D : three_blocks D -> (\rank D <= p + q)%N.
Proof.
move=> [Y [Z [V ->]]].
have -> : C^T *m Y *m B^T + B *m Z *m B^T + C^T *m V *m C =
    (C^T *m Y + B *m Z) *m B^T + C^T *m (V *m C) by rewrite mulmxDl !mulmxA.
apply: leq_trans (mxrank_add _ _) (leq_add _ _).
  exact: leq_trans (mxrankM_maxr _ _) (rank_leq_row _).
exact: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
Qed.

Lemma tensor_rank_three_blocks K (D : 'I_K -> 'M[F]_n) : (forall k, three_blocks (D k)) ->
  tensor_rank_le (q * p + p * p + q * q) D.
Proof.
move=> tD; have sp k : {Y : 'M_(q, p) * 'M_p * 'M_q |
    D k == C^T *m Y.1.1 *m B^T + B *m Y.1.2 *m B^T + C^T *m Y.2 *m C^T^T}.
  by apply/sigW; have [Y [Z [V /eqP e]]] := tD k; exists (Y, Z, V); rewrite trmxK.
pose Y k := sval (sp k).
apply: tensor_rank_le_ext (fun k => esym (eqP (svalP (sp k)))) _.
apply: tensor_rank_leD; first apply: tensor_rank_leD; exact: tensor_rank_le_product.
Qed.

(* at most two steps, from any W_0 *)
Section TwoSteps.
Hypothesis T2 : forall k m, (m < M k)%N -> (tT (X k m) <= 2)%N.

Lemma batch_two_blocks k : two_blocks (G k).
Proof.
rewrite /G; elim/big_ind: _ => [|D E [Y ->] [Z ->]|m _].
- by exists 0; rewrite mulmx0 mul0mx.
- by exists (Y + Z); rewrite mulmxDr mulmxDl.
by apply: gradient_two_steps; [apply: h0 | apply: T2].
Qed.

Theorem two_steps_rank k : spectral c0 W G -> (\rank (W k - c0 k *: W 0%N)%R <= minn p q)%N.
Proof.
move=> rW; have [sD sDt] := rW k; rewrite leq_min; apply/andP; split.
  apply: leq_trans (rank_leq_row B^T); apply: mxrankS; apply: submx_trans sD _.
  by apply: row_span_sub => j _; have [Y ->] := batch_two_blocks j; apply: submxMl.
rewrite -mxrank_tr; apply: leq_trans (rank_leq_row C); apply: mxrankS; apply: submx_trans sDt _.
apply: row_span_sub => j _; rewrite /tr_seq; have [Y ->] := batch_two_blocks j.
by rewrite -mulmxA trmx_mul trmxK submxMl.
Qed.

Theorem two_steps K : gd_like c0 W G ->
  (forall k, two_blocks (W k - c0 k *: W 0%N)) /\
  tensor_rank_le (q * p) (fun k : 'I_K => W k - c0 k *: W 0%N).
Proof.
move=> rW; have tD k : two_blocks (W k - c0 k *: W 0%N).
  have [c ->] := rW k; rewrite addrC addKr; elim/big_ind: _ => [|D E [Y ->] [Z ->]|j _].
  - by exists 0; rewrite mulmx0 mul0mx.
  - by exists (Y + Z); rewrite mulmxDr mulmxDl.
  by have [Y ->] := batch_two_blocks j; exists (c j *: Y); rewrite -scalemxAr -scalemxAl.
split=> //; have sp (k : 'I_K) : {Y | W k - c0 k *: W 0%N == C^T *m Y *m B^T}.
  by apply/sigW; have [Y /eqP] := tD k; exists Y.
apply: tensor_rank_le_ext (fun k => esym (eqP (svalP (sp k)))) _.
exact: tensor_rank_le_product.
Qed.
End TwoSteps.

(* at most three steps, from multiples of the identity *)
Theorem three_steps w K : gd_like c0 W G -> W 0%N = w%:M ->
  (forall k m, (m < M k)%N -> (tT (X k m) <= 3)%N) ->
  [/\ forall k, three_blocks (W k - c0 k *: W 0%N),
      forall k, (\rank (W k - c0 k *: W 0%N)%R <= p + q)%N,
      tensor_rank_le (q * p + p * p + q * q) (fun k : 'I_K => W k - c0 k *: W 0%N) &
      (\rank (unfolding (fun k : 'I_K => W k - c0 k *: W 0%N)%R) <= q * p + p * p + q * q)%N].
Proof.
move=> rW W0 T3; have tD k : three_blocks (W k - c0 k *: W 0%N).
  elim/ltn_ind: k => k IH; have [c ->] := rW k; rewrite addrC addKr.
  apply: sum_three_blocks => j _; apply/three_blocksZ/sum_three_blocks => m _.
  have blocks := IH j (ltn_ord j); rewrite W0 scale_scalar_mx in blocks.
  by apply: gradient_three_steps blocks _; [apply: h0 (ltn_ord m) | apply: T3].
have cp := tensor_rank_three_blocks (fun k : 'I_K => tD k).
by split=> // [k|]; [apply: rank_three_blocks | apply: rank_unfolding_le cp].
Qed.
End Blocks.

(* Main results: tensor_rank_le_product gradient_two_steps gradient_three_steps two_steps_rank *)
(* Main results: two_steps three_steps *)
