(* gating-atoms (checked by src/theorem/gating_atoms.rs)

   Piecewise-linear networks: phi(z) = phi'(z) z + offset, and the same for psi
   (ReLU, leaky ReLU: no offset). If the slopes phi', psi' of the neurons of each
   class (atom) agree at every visited step, trial and time, then rank D_k <= the
   sum over the atoms of rank ([B C^T h_0] restricted to the atom). One atom: the
   bound of invariant-subspace. W_0 = w I. B, C and h_0 are moved by any rules that
   keep the atoms; B has the bias among its columns, and each part of it may have a
   rule of its own ([keeps_columns_beside]).

     restr c          the diagonal projection on the neurons of class c
     atoms A          the sum over the classes of the row spaces of A restr c
     agree_h, agree_z     a slope is constant on classes at the visited states    *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Atoms.
Variables (F : fieldType) (n r : nat) (cls : 'I_n -> 'I_r).

(* restriction of the columns (neurons) to class c *)
Definition restr (c : 'I_r) : 'M[F]_n := diag_mx (\row_i (cls i == c)%:R).
Definition atoms g (A : 'M[F]_(g, n)) : 'M[F]_n := (\sum_c <<A *m restr c>>)%MS.

Lemma restrE m (A : 'M[F]_(m, n)) c i j : (A *m restr c) i j = A i j * (cls j == c)%:R.
Proof. by rewrite /restr mul_mx_diag !mxE. Qed.

Lemma sum_restr m (A : 'M[F]_(m, n)) : A = \sum_c A *m restr c.
Proof.
apply/matrixP=> i j; rewrite summxE (bigD1 (cls j)) //= restrE eqxx mulr1 big1 ?addr0 //.
by move=> c /negPf nc; rewrite restrE eq_sym nc mulr0.
Qed.

Lemma restr_idem c d : restr c *m restr d = if c == d then restr c else 0.
Proof.
apply/matrixP=> i j; rewrite restrE [RHS](fun_if (fun A : 'M_n => A i j)) !mxE.
case: (i =P j) => [->|_]; rewrite ?mulr1n ?mulr0n ?mul0r ?if_same //.
case: (cls j =P c) => [->|/eqP nc]; rewrite ?mul1r ?mul0r ?if_same //.
by case: (c =P d).
Qed.

Lemma sub_atoms g (A : 'M[F]_(g, n)) m (D : 'M[F]_(m, n)) : (D <= A)%MS -> (D <= atoms A)%MS.
Proof.
move=> sD; rewrite [D]sum_restr summx_sub // => c _.
by rewrite (sumsmx_sup c) // genmxE submxMr.
Qed.

Lemma atoms_restr g (A : 'M[F]_(g, n)) m (D : 'M[F]_(m, n)) c :
  (D <= atoms A)%MS -> (D *m restr c <= atoms A)%MS.
Proof.
move=> sD; apply: submx_trans (submxMr _ sD) _; rewrite /atoms sumsmxMr.
apply/sumsmx_subP => d _; rewrite (eqmxMr _ (genmxE _)) -mulmxA restr_idem.
by case: ifP => _; [rewrite (sumsmx_sup d) // genmxE | rewrite mulmx0 sub0mx].
Qed.

(* a gain that is constant on classes keeps the atoms *)
Lemma atoms_gain g (A : 'M[F]_(g, n)) (gain l : 'cV[F]_n) :
  (forall i j, cls i = cls j -> gain i 0 = gain j 0) ->
  (l^T <= atoms A)%MS -> ((had gain l)^T <= atoms A)%MS.
Proof.
move=> cg sl; pose v c := if [pick i | cls i == c] is Some i then gain i 0 else 0.
have ev i : gain i 0 = v (cls i).
  rewrite /v; case: pickP => [j /eqP/cg //|/(_ i)]; by rewrite eqxx.
have -> : (had gain l)^T = \sum_c v c *: (l^T *m restr c).
  apply/matrixP=> i j; rewrite summxE (bigD1 (cls j)) //= big1 ?addr0.
    by rewrite [RHS]mxE restrE eqxx mulr1 !mxE ord1 ev.
  by move=> c /negPf nc; rewrite mxE restrE eq_sym nc !mulr0.
by rewrite summx_sub // => c _; rewrite scalemx_sub ?atoms_restr.
Qed.

Lemma rank_atoms g (A : 'M[F]_(g, n)) : (\rank (atoms A) <= \sum_c \rank (A *m restr c))%N.
Proof.
rewrite /atoms; elim/big_rec2: _ => [|c k S _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
Qed.

Lemma rank_atoms_row g (A : 'M[F]_(g, n)) : (\sum_c \rank (A *m restr c) <= r * g)%N.
Proof.
rewrite -[X in (_ <= X * _)%N]card_ord -sum_nat_const; apply: leq_sum => c _.
exact: rank_leq_row.
Qed.

(* a vector that is constant on classes, when the all-one vector is in A *)
Lemma atoms_const g (A : 'M[F]_(g, n)) (v : 'cV[F]_n) : ((const_mx 1 : 'rV[F]_n) <= A)%MS ->
  (forall i j, cls i = cls j -> v i 0 = v j 0) -> (v^T <= atoms A)%MS.
Proof.
move=> s1 cv; have -> : v = had v (const_mx 1) by apply/matrixP=> i j; rewrite !mxE mulr1.
by apply: atoms_gain; rewrite // trmx_const sub_atoms.
Qed.

Section Net.
Variables (p q h : nat) (a w : F) (phi psi dphi dpsi ophi opsi : F -> F).
Hypothesis ephi : forall z, phi z = dphi z * z + ophi z.
Hypothesis epsi : forall z, psi z = dpsi z * z + opsi z.
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Variables (h0 : nat -> 'M[F]_(n, h)) (sel : nat -> nat -> 'cV[F]_h).
Variable cW : nat -> F.
Hypothesis W0 : W 0%N = w%:M.
Hypothesis eh0 : forall k m, th0 (X k m) = h0 k *m sel k m.
Let gens := col_mx (B 0%N)^T (col_mx (C 0%N) (h0 0%N)^T).
Let S := atoms gens.
Hypothesis rW : spectral cW W (batch_gradW a phi psi dphi dpsi W B C M X).
Hypothesis rB : keeps_columns S B (batch_gradB a phi psi dphi dpsi W B C M X).
Hypothesis rC : keeps_rows S C (batch_gradC a phi psi W B M X).
Hypothesis rh : keeps_columns S h0 (batch_gradh0 a phi psi dphi dpsi W B C sel M X).

(* f constant on classes at the visited states h (t <= T), z (t < T) of step k *)
Definition agree_h (f : F -> F) k := forall m t i j, (m < M k)%N -> (t <= tT (X k m))%N ->
  cls i = cls j -> f (hid a phi psi (W k) (B k) (X k m) t i 0) =
                   f (hid a phi psi (W k) (B k) (X k m) t j 0).
Definition agree_z (f : F -> F) k := forall m t i j, (m < M k)%N -> (t < tT (X k m))%N ->
  cls i = cls j -> f (pre a phi psi (W k) (B k) (X k m) t i 0) =
                   f (pre a phi psi (W k) (B k) (X k m) t j 0).
(* no offset, or offsets constant on classes and the all-one vector among the generators *)
Definition offset_ok (f : F -> F) (ag : (F -> F) -> nat -> Prop) k :=
  f =1 (fun=> 0) \/ ((const_mx 1 : 'rV[F]_n) <= gens)%MS /\ ag f k.

Lemma map_gate (f df o : F -> F) (v : 'cV[F]_n) : (forall z, f z = df z * z + o z) ->
  map_mx f v = had (map_mx df v) v + map_mx o v.
Proof. by move=> ef; apply/matrixP=> i j; rewrite !mxE ef. Qed.

Theorem gating_atoms K :
  (forall k, (k < K)%N -> [/\ agree_h dpsi k, agree_z dphi k,
     offset_ok opsi agree_h k & offset_ok ophi agree_z k]) ->
  forall k, (k <= K)%N -> let D := W k - cW k *: W 0%N in
  [/\ (D <= S)%MS, (D^T <= S)%MS,
      (\rank D <= \sum_c \rank (gens *m restr c))%N & (\rank D <= r * (p + q + h))%N].
Proof.
move=> ag k kK D.
have [/= sB [/= sC sH]] : ((B 0%N)^T <= S)%MS /\ (C 0%N <= S)%MS /\ ((h0 0%N)^T <= S)%MS.
  have: (gens <= S)%MS by apply: sub_atoms.
  by rewrite !col_mx_sub => /and3P[].
have sW0 : stable S (W 0%N) by rewrite W0; apply: stable_scalar.
suff [sD sDt] : (D <= S)%MS /\ (D^T <= S)%MS.
  have rD : (\rank D <= \sum_c \rank (gens *m restr c))%N.
    by rewrite (leq_trans (mxrankS sD)) ?rank_atoms.
  by split=> //; rewrite (leq_trans rD) // -addnA rank_atoms_row.
have [j jk sWj sBj sCj shj|//|sD sDt _ _ _] := visited_invariant (spectral_keeps_space rW) sW0 (K := k)
  rB rC rh sB sC sH _ (k := k); last by [].
have [agh agz oh oz] := ag j (leq_trans jk kK).
have cst (f : F -> F) (v : 'cV[F]_n) :
    (forall i i', cls i = cls i' -> f (v i 0) = f (v i' 0)) ->
    forall i i', cls i = cls i' -> map_mx f v i 0 = map_mx f v i' 0.
  by move=> fv i i' ei; rewrite [LHS]mxE [RHS]mxE; apply: fv.
have off (o : F -> F) (v : 'cV[F]_n) : o =1 (fun=> 0) \/
    ((const_mx 1 : 'rV[F]_n) <= gens)%MS /\
    (forall i i', cls i = cls i' -> o (v i 0) = o (v i' 0)) -> ((map_mx o v)^T <= S)%MS.
  case=> [o0|[s1 ov]]; last by apply: atoms_const => //; apply: cst.
  suff -> : map_mx o v = 0 by rewrite trmx0 sub0mx.
  by apply/matrixP=> i i'; rewrite !mxE o0.
have ok (m : 'I_(M j)) : visited_inside a phi psi dphi dpsi S (W j) (B j) (C j) (X j m).
  have ltm := ltn_ord m.
  split=> [|t _|t _ _|t tT sp|t tT sp|t l tT _ sl|t l tT _ sl].
  - by rewrite eh0; apply: cols_mul.
  - exact: cols_mul.
  - by apply: cols_mul; rewrite trmxK.
  - rewrite (map_gate _ ephi); apply: colsD.
      by apply: atoms_gain => //; apply: cst => i i'; apply: agz.
    by apply: off; case: oz => [|[? az]]; [left | right; split=> // i i'; apply: az].
  - rewrite /rate (map_gate _ epsi); apply: colsD.
      by apply: atoms_gain => //; apply: cst => i i'; apply: agh.
    by apply: off; case: oh => [|[? ah]]; [left | right; split=> // i i'; apply: ah].
  - by apply: atoms_gain => //; apply: cst => i i'; apply: agz.
  - by apply: atoms_gain => //; apply: cst => i i'; apply: agh.
by apply: batch_sub => // m ltm; apply: (ok (Ordinal ltm)).
Qed.
End Net.

(* current form h' = (1-a) h + a (W psi (h) + B u), psi (z) = g (z) z, psi' = g (ReLU) *)
Theorem gating_atoms_current_form p q h a w (g psi : F -> F) (W : nat -> 'M[F]_n)
    (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)) (M : nat -> nat)
    (X : nat -> nat -> trial F n p q) (h0 : nat -> 'M[F]_(n, h)) sel cW K
    (gens := col_mx (B 0%N)^T (col_mx (C 0%N) (h0 0%N)^T)) :
  (forall z, psi z = g z * z) ->
  spectral cW W (batch_gradW a id psi (fun=> 1) g W B C M X) ->
  keeps_columns (atoms gens) B (batch_gradB a id psi (fun=> 1) g W B C M X) ->
  keeps_rows (atoms gens) C (batch_gradC a id psi W B M X) ->
  keeps_columns (atoms gens) h0 (batch_gradh0 a id psi (fun=> 1) g W B C sel M X) ->
  W 0%N = w%:M -> (forall k m, th0 (X k m) = h0 k *m sel k m) ->
  (forall k m t i j, (k < K)%N -> (m < M k)%N -> (t <= tT (X k m))%N -> cls i = cls j ->
     g (hid a id psi (W k) (B k) (X k m) t i 0) = g (hid a id psi (W k) (B k) (X k m) t j 0)) ->
  forall k, (k <= K)%N -> let D := W k - cW k *: W 0%N in
  [/\ (D <= atoms gens)%MS, (D^T <= atoms gens)%MS,
      (\rank D <= \sum_c \rank (gens *m restr c))%N & (\rank D <= r * (p + q + h))%N].
Proof.
move=> epsi rW rB rC rh W0 eh0 ag k kK.
apply: (@gating_atoms p q h a w id psi (fun=> 1) g (fun=> 0) (fun=> 0) _ _
  W B C M X h0 sel cW W0 eh0 rW rB rC rh K) => // [z|z|j jK].
- by rewrite mul1r addr0.
- by rewrite epsi addr0.
by split; [move=> m t i i' *; apply: ag | move=> * | left | left].
Qed.

(* inputs frozen, their bias trained: what keeps_columns means for [B b] *)
Lemma bias_alone_keeps g p (A : 'M[F]_(g, n)) c (B G : nat -> 'M[F]_(n, p + 1)) :
  (forall k, lsubmx (B k) = lsubmx (B 0%N)) ->
  gd_like c (fun k => rsubmx (B k)) (fun k => rsubmx (G k)) -> keeps_columns (atoms A) B G.
Proof.
move=> frz rb; apply: keeps_columns_beside; last exact: gd_like_keeps_columns rb.
by move=> k _; rewrite [lsubmx (B k)]frz.
Qed.
End Atoms.

(* ReLU is of this form over every ordered field *)
Lemma relu_is_gated (R : realFieldType) (z : R) : Num.max 0 z = (0 < z)%R%:R * z.
Proof. by case: (Order.TotalTheory.ltP 0 z); rewrite ?mul1r ?mul0r. Qed.

(* Main results: gating_atoms gating_atoms_current_form bias_alone_keeps relu_is_gated *)
