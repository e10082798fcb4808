(* cell-types (checked by src/theorem/cell_types.rs)

   Neurons of R types. Linear networks whose leaks depend on the type,
     h_{t+1} = h_t + A (W h_t + B u_t - h_t),   A = diag (a_type),
   whose weights are W = Mask o V, entry by entry, and whose update is any GD-like or spectral
   one of Step o G_W, where entries of Mask and Step depend on the types of the two neurons
   alone: masks, signs of columns (Dale's law), step sizes. V_0 is diagonal and constant on
   types. Let S_c be the span of B, C^T and h_0 restricted to the neurons of type c. Rows
   and columns of D_k lie in the sum of the S_c:
     rank D_k <= sum_c dim S_c <= R (p + q + number of initial states),
   and the block between two types has rank <= min (dim S_c, dim S_d), which areas.v counts if
   inputs and outputs belong to types as well.

     on c               the projection on the neurons of type c
     typed f A          A with entry i, j multiplied by f (type i) (type j)
     type_space         the sum of the S_c                                       *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Types.
Variables (F : fieldType) (n r : nat) (ty : 'I_n -> 'I_r).

Definition on c : 'M[F]_n := diag_mx (\row_i (ty i == c)%:R).
Definition typed (f : 'I_r -> 'I_r -> F) (A : 'M[F]_n) : 'M[F]_n :=
  \matrix_(i, j) (f (ty i) (ty j) * A i j).

Lemma on_tr c : (on c)^T = on c. Proof. exact: tr_diag_mx. Qed.

Lemma on_on c d : on c *m on d = if c == d then on c else 0.
Proof.
rewrite /on mulmx_diag; case: eqP => [->|ncd].
  by congr diag_mx; apply/rowP => i; rewrite !mxE; case: eqP; rewrite ?mulr1 ?mulr0.
rewrite -[RHS](raddf0 (diag_mx_additive F n)); congr diag_mx; apply/rowP => i; rewrite !mxE.
by case: eqP => [e|]; rewrite ?mul0r //; case: eqP => [e'|]; rewrite ?mulr0 //; case: ncd; rewrite -e.
Qed.

Lemma blockE c d A i j : (on c *m A *m on d) i j = (ty i == c)%:R * A i j * (ty j == d)%:R.
Proof. by rewrite /on mul_mx_diag mul_diag_mx !mxE. Qed.

Lemma typedE f A : typed f A = \sum_c \sum_d f c d *: (on c *m A *m on d).
Proof.
have scE c (B : 'M[F]_n) i j : (c *: B) i j = c * B i j by rewrite mxE.
apply/matrixP => i j; rewrite mxE summxE (bigD1 (ty i)) //= summxE (bigD1 (ty j)) //= !big1 ?addr0.
- by rewrite scE blockE !eqxx mul1r mulr1.
- by move=> c nc; rewrite summxE big1 // => d _; rewrite scE blockE eq_sym (negPf nc) !mul0r mulr0.
- by move=> d nd; rewrite scE blockE [ty j == d]eq_sym (negPf nd) !mulr0.
Qed.

(* for any sources, the rows of Z *)
Section Space.
Variables (z : nat) (Z : 'M[F]_(z, n)).
Definition type_space : 'M[F]_n := (\sum_c <<Z *m on c>>)%MS.

Lemma sum_on : \sum_c on c = 1%:M.
Proof.
apply/matrixP => i j; rewrite summxE (bigD1 (ty i)) //= big1 ?addr0 => [|c nc].
  by rewrite !mxE eqxx.
by rewrite !mxE eq_sym (negPf nc) mul0rn.
Qed.

Lemma sources_sub : (Z <= type_space)%MS.
Proof.
rewrite -[Z]mulmx1 -sum_on mulmx_sumr summx_sub // => c _.
by rewrite (sumsmx_sup c) // genmxE.
Qed.

Lemma type_space_on c : (type_space *m on c <= Z *m on c)%MS.
Proof.
rewrite /type_space sumsmxMr; apply/sumsmx_subP => d _.
rewrite (eqmxMr _ (genmxE _)) -mulmxA on_on; case: eqP => [->|_] //.
by rewrite mulmx0 sub0mx.
Qed.

Lemma on_keeps c : (type_space *m on c <= type_space)%MS.
Proof. by apply: submx_trans (type_space_on c) _; rewrite (sumsmx_sup c) // genmxE. Qed.

Lemma typed_sub f A : (A <= type_space)%MS -> (A^T <= type_space)%MS ->
  (typed f A <= type_space)%MS /\ ((typed f A)^T <= type_space)%MS.
Proof.
move=> sA sAt; rewrite typedE; apply: sum_two_sided => c _; apply: sum_two_sided => d _; split.
  by rewrite scalemx_sub // -mulmxA mulmx_sub // (submx_trans (submxMr _ sA)) ?on_keeps.
apply/colsZ/cols_mul; rewrite trmx_mul on_tr.
by apply: submx_trans (submxMr _ sAt) (on_keeps c).
Qed.

Lemma rank_type_space : (\rank type_space <= \sum_c \rank (Z *m on c))%N.
Proof.
rewrite /type_space; elim/big_rec2: _ => [|c k A _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
Qed.

Lemma block_rank (D : 'M[F]_n) c d : (D <= type_space)%MS -> (D^T <= type_space)%MS ->
  (\rank (on c *m D *m on d) <= minn (\rank (Z *m on c)) (\rank (Z *m on d)))%N.
Proof.
move=> sD sDt; rewrite leq_min; apply/andP; split.
  apply: leq_trans (mxrankM_maxl _ _) _; rewrite -mxrank_tr trmx_mul on_tr; apply: mxrankS.
  exact: submx_trans (submxMr _ sDt) (type_space_on c).
rewrite -mulmxA; apply: leq_trans (mxrankM_maxr _ _) _; apply: mxrankS.
exact: submx_trans (submxMr _ sD) (type_space_on d).
Qed.
End Space.

(* a network with a leak for each type *)
Section Network.
Variables (p q h : nat) (a : 'I_r -> F) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (H : 'M[F]_(n, h)).
Let A : 'M[F]_n := diag_mx (\row_i a (ty i)).
Let Z := col_mx (col_mx B^T C) H^T.
Local Notation S := (type_space Z).

Fixpoint thid (W : 'M[F]_n) (x : trial F n p q) t : 'cV[F]_n :=
  if t is s.+1 then thid W x s + A *m (W *m thid W x s + B *m tu x s - thid W x s) else th0 x.
(* the adjoint at time T - r *)
Fixpoint tadj (W : 'M[F]_n) (x : trial F n p q) s : 'cV[F]_n :=
  if s is j.+1 then C^T *m te x (tT x - j.+1)%N + tadj W x j +
    (W^T *m (A *m tadj W x j) - A *m tadj W x j) else C^T *m te x (tT x).
Definition tgradW W x := \sum_(t < tT x) A *m tadj W x (tT x - t.+1) *m (thid W x t)^T.

Lemma A_on : A = \sum_c a c *: on c.
Proof.
apply/matrixP => i j; rewrite summxE (bigD1 (ty i)) //= big1 ?addr0 => [|c nc].
  by rewrite !mxE eqxx mulrnAr mulr1.
by rewrite !mxE eq_sym (negPf nc) mul0rn mulr0.
Qed.

Lemma A_sub (v : 'cV[F]_n) : (v^T <= S)%MS -> ((A *m v)^T <= S)%MS.
Proof.
move=> sv; rewrite A_on mulmx_suml; apply: cols_sum => c _; rewrite -scalemxAl; apply: colsZ.
by apply: cols_stable => //; rewrite on_tr on_keeps.
Qed.

Lemma sources : [/\ (B^T <= S)%MS, (C <= S)%MS & (H^T <= S)%MS].
Proof. by have := sources_sub Z; rewrite {1}/Z !col_mx_sub => /andP[/andP[-> ->] ->]. Qed.

Lemma tgrad_sub W x : stable S W -> (exists v, th0 x = H *m v) ->
  (tgradW W x <= S)%MS /\ ((tgradW W x)^T <= S)%MS.
Proof.
move=> [sW sWt] [v eh]; have [sB sC sH] := sources.
have minus (y : 'cV[F]_n) : (y^T <= S)%MS -> ((- y)^T <= S)%MS.
  by move=> sy; rewrite -scaleN1r; apply: colsZ.
have sh t : ((thid W x t)^T <= S)%MS.
  elim: t => [|t IH] /=; first by rewrite eh; apply: cols_mul.
  apply: colsD => //; apply: A_sub; apply: colsD; last exact: minus.
  by apply: colsD; [apply: cols_stable | apply: cols_mul].
have sl s : ((tadj W x s)^T <= S)%MS.
  have sCe e : ((C^T *m e : 'cV_n)^T <= S)%MS by apply: cols_mul; rewrite trmxK.
  elim: s => [|s IH] /=; first exact: sCe.
  apply: colsD; first by apply: colsD.
  by apply: colsD; [apply: cols_stable; rewrite ?trmxK // | apply: minus]; apply: A_sub.
apply: sum_two_sided => t _; split; first exact: mulmx_sub.
by apply: cols_mul; apply: A_sub.
Qed.

Variables (mask step : 'I_r -> 'I_r -> F) (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Variables (c0 : nat -> F) (V : nat -> 'M[F]_n) (v0 : 'I_r -> F).
Let W k := typed mask (V k).
Let G k := typed step (\sum_(m < M k) tgradW (W k) (X k m)).
Hypotheses (rV : spectral c0 V G) (V0 : V 0%N = diag_mx (\row_i v0 (ty i))).
Hypothesis eh0 : forall k m, exists v, th0 (X k m) = H *m v.

Lemma typed_stable f v D : (D <= S)%MS -> (D^T <= S)%MS ->
  stable S (typed f (diag_mx (\row_i v (ty i)) + D)).
Proof.
move=> sD sDt; have [s1 s2] := typed_sub f sD sDt.
have -> : typed f (diag_mx (\row_i v (ty i)) + D) = \sum_c (f c c * v c) *: on c + typed f D.
  rewrite -[RHS]addr0; apply/matrixP => i j; rewrite !mxE summxE addr0 mulrDr; congr (_ + _).
  rewrite (bigD1 (ty i)) //= big1 ?addr0 => [|c nc]; last by rewrite !mxE eq_sym (negPf nc) mul0rn mulr0.
  by rewrite !mxE eqxx; case: eqP => [->|_]; rewrite ?mulr1n ?mulr0n ?mulr1 ?mulr0.
have son : (S *m (\sum_c (f c c * v c) *: on c)%R <= S)%MS.
  by rewrite mulmx_sumr summx_sub // => c _; rewrite -scalemxAr scalemx_sub // on_keeps.
split; last by rewrite mulmxDr addmx_sub // mulmx_sub.
rewrite linearD mulmxDr addmx_sub //= ?(mulmx_sub _ s2) // linear_sum /=.
by rewrite mulmx_sumr summx_sub // => c _; rewrite linearZ /= on_tr -scalemxAr scalemx_sub // on_keeps.
Qed.

Theorem cell_types k (D := V k - c0 k *: V 0%N) :
  [/\ (D <= S)%MS, (D^T <= S)%MS, (\rank D <= \sum_c \rank (Z *m on c))%N &
      (\rank D <= r * (p + q + h))%N].
Proof.
have main j : (V j - c0 j *: V 0%N <= S)%MS /\ ((V j - c0 j *: V 0%N)^T <= S)%MS.
  elim/ltn_ind: j => j IH; apply: (spectral_keeps_space rV) => i ij.
  have [sD sDt] := IH i ij; have [g1 g2] : ((\sum_(m < M i) tgradW (W i) (X i m))%R <= S)%MS /\
      ((\sum_(m < M i) tgradW (W i) (X i m))%R^T <= S)%MS.
    apply: sum_two_sided => m _; apply: tgrad_sub (eh0 i m); rewrite /W.
    have -> : V i = diag_mx (\row_l (c0 i * v0 (ty l))) + (V i - c0 i *: V 0%N).
      rewrite V0 -linearZ /=; have -> : c0 i *: (\row_l v0 (ty l)) = \row_l (c0 i * v0 (ty l)).
        by apply/rowP => l; rewrite !mxE.
      by rewrite addrC subrK.
    exact: (typed_stable mask (fun c => c0 i * v0 c) sD sDt).
  exact: typed_sub.
have [sD sDt] := main k; have rD := leq_trans (mxrankS sD) (rank_type_space Z).
split=> //; apply: leq_trans rD _; rewrite -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
by apply: leq_sum => c _; apply: leq_trans (mxrankM_maxl _ _) (rank_leq_row _).
Qed.

(* between two types, or areas *)
Theorem type_blocks k c d : (\rank (on c *m (V k - c0 k *: V 0%N) *m on d) <=
  minn (\rank (Z *m on c)) (\rank (Z *m on d)))%N.
Proof. by have [sD sDt _ _] := cell_types k; apply: block_rank. Qed.
End Network.
End Types.

(* Main results: typed_sub block_rank tgrad_sub cell_types type_blocks *)
