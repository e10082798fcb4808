(* polynomial-growth (checked by src/theorem/polynomial_growth.rs)

   psi a polynomial of degree d, phi = id, W_0 = 0, h_0 = 0, any leak; W alone trained by a
   GD-like or spectral method. With r_k = rank D_k, c_k = dim sum_{j<k} col G_j and
   mu_d(s) = binom (s + d, d), the number of monomials of degree <= d in s variables,
     rank G_k <= min (mu_d (p + r_k), mu_{d-1} (p + r_k) (q + r_k)),
     r_{k+1} <= mu_d (p + c_k),   c_{k+1} <= c_k + rank G_k.
   States lie in the span of B and D_k, so psi of them in that of the entrywise products of
   at most d vectors of it.

     hull vs d          the span of the entrywise products of at most d of the rows vs
     monomials S d      the same for the rows of a basis of S
     products H K       the span of the products of a row of H and a row of K   *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Monomials.
Variables (F : fieldType) (n : nat).
Implicit Types (v w : 'rV[F]_n) (vs : seq 'rV[F]_n).

Definition one : 'M[F]_n := <<const_mx 1 : 'rV[F]_n>>%MS.

Fixpoint hull vs : nat -> 'M[F]_n :=
  if vs is v :: vs' then
    fix inner d : 'M[F]_n :=
      if d is e.+1 then (hull vs' e.+1 + inner e *m diag_mx v)%MS else one
  else fun=> one.

Lemma hull_cons v vs d : hull (v :: vs) d.+1 = (hull vs d.+1 + hull (v :: vs) d *m diag_mx v)%MS.
Proof. by []. Qed.

Lemma hull0 vs : hull vs 0 = one. Proof. by case: vs. Qed.

Lemma rank_one_row : (\rank one <= 1)%N.
Proof. by rewrite mxrank_gen rank_leq_row. Qed.

Lemma rank_hull vs d : (\rank (hull vs d) <= 'C(size vs + d, d))%N.
Proof.
elim: vs d => [|v vs IHvs] d; first by rewrite binn rank_one_row.
elim: d => [|d IHd]; first by rewrite hull0 bin0 rank_one_row.
rewrite hull_cons /= addSn addnS binS -addnS; apply: leq_trans (mxrank_adds_leqif _ _) _.
apply: leq_add; first exact: IHvs.
by apply: leq_trans (mxrankM_maxl _ _) _; rewrite addnS -addSn; apply: IHd.
Qed.

Lemma one_hull vs d : (one <= hull vs d)%MS.
Proof.
elim: vs d => [|v vs IHvs] [|d]; rewrite ?hull0 // hull_cons.
exact: submx_trans (IHvs _) (addsmxSl _ _).
Qed.

Lemma hull_tail v vs d : (hull vs d <= hull (v :: vs) d)%MS.
Proof. by case: d => [|d]; rewrite ?hull0 // hull_cons addsmxSl. Qed.

Lemma hull_mul vs d w : w \in vs -> (hull vs d *m diag_mx w <= hull vs d.+1)%MS.
Proof.
elim: vs d => [|v vs IHvs] d //; rewrite inE => /predU1P[->|wvs]; first by rewrite hull_cons addsmxSr.
elim: d => [|d IHd].
  rewrite hull0 -(hull0 vs); exact: submx_trans (IHvs _ wvs) (hull_tail _ _ _).
rewrite [X in (X *m _ <= _)%MS]hull_cons addsmxMr addsmx_sub; apply/andP; split.
  exact: submx_trans (IHvs _ wvs) (hull_tail _ _ _).
rewrite -mulmxA; have -> : diag_mx v *m diag_mx w = diag_mx w *m diag_mx v.
  by rewrite !mulmx_diag; congr diag_mx; apply/rowP => i; rewrite !mxE mulrC.
by rewrite mulmxA [X in (_ <= X)%MS]hull_cons; apply: submx_trans (submxMr _ IHd) (addsmxSr _ _).
Qed.

Definition rows_of s (S : 'M[F]_(s, n)) := [seq row i S | i <- enum 'I_s].
Definition monomials s (S : 'M[F]_(s, n)) d := hull (rows_of (row_base S)) d.

Lemma rank_monomials s (S : 'M[F]_(s, n)) d t : (\rank S <= t)%N ->
  (\rank (monomials S d) <= 'C(t + d, d))%N.
Proof.
move=> rS; apply: leq_trans (rank_hull _ _) _; rewrite size_map size_enum_ord.
by apply: leq_bin2l; rewrite leq_add2r.
Qed.

Lemma diag_sum k (c : 'rV[F]_k) (K : 'M[F]_(k, n)) :
  diag_mx (c *m K) = \sum_i c 0 i *: diag_mx (row i K).
Proof. by rewrite mulmx_sum_row linear_sum /=; apply: eq_bigr => i _; rewrite linearZ. Qed.

Lemma monomials_mul s (S : 'M[F]_(s, n)) d w : (w <= S)%MS ->
  (monomials S d *m diag_mx w <= monomials S d.+1)%MS.
Proof.
rewrite -(eq_row_base S) => /submxP[c ->]; rewrite diag_sum mulmx_sumr summx_sub // => i _.
by rewrite -scalemxAr scalemx_sub // hull_mul //; apply/mapP; exists i; rewrite ?mem_enum.
Qed.

Lemma monomialsS s s' (S : 'M[F]_(s, n)) (S' : 'M[F]_(s', n)) d : (S <= S')%MS ->
  (monomials S d <= monomials S' d)%MS.
Proof.
move=> SS; rewrite {1}/monomials.
have: forall v, v \in rows_of (row_base S) -> (v <= S')%MS.
  move=> v /mapP[i _ ->]; apply: submx_trans (row_sub _ _) _.
  by apply: submx_trans _ SS; rewrite eq_row_base.
elim: (rows_of _) d => [|v vs IHvs] d sub; first exact: one_hull.
have subvs w : w \in vs -> (w <= S')%MS by move=> wv; apply: sub; rewrite inE wv orbT.
elim: d => [|d IHd]; first by rewrite hull0; apply: one_hull.
rewrite hull_cons addsmx_sub IHvs //=; apply: submx_trans (submxMr _ IHd) _.
by apply: monomials_mul; apply: sub; rewrite inE eqxx.
Qed.

(* a polynomial of degree at most d of the entries *)
Lemma polynomial_sub s (S : 'M[F]_(s, n)) (cs : seq F) d w : (w <= S)%MS -> (size cs <= d.+1)%N ->
  (map_mx (horner_rec cs) w <= monomials S d)%MS.
Proof.
move=> wS; have const c : ((c *: const_mx 1 : 'rV[F]_n) <= one)%MS by rewrite scalemx_sub // genmxE.
elim: cs d => [|c cs IHcs] d le.
  by rewrite (_ : map_mx _ _ = 0) ?sub0mx //; apply/matrixP => i j; rewrite !mxE.
have -> : map_mx (horner_rec (c :: cs)) w = map_mx (horner_rec cs) w *m diag_mx w + c *: const_mx 1.
  by apply/matrixP => i j; rewrite mul_mx_diag !mxE /= mulr1 (ord1 i).
apply: addmx_sub; last exact: submx_trans (const c) (one_hull _ _).
case: d le => [|d] le; last first.
  by apply: submx_trans (submxMr _ (IHcs d _)) (monomials_mul _ wS).
have -> : cs = [::] by apply: size0nil; apply/eqP; rewrite -leqn0.
by rewrite (_ : map_mx _ _ = 0) ?mul0mx ?sub0mx //; apply/matrixP => i j; rewrite !mxE.
Qed.

(* products of a row of H and a row of K *)
Definition products h k (H : 'M[F]_(h, n)) (K : 'M[F]_(k, n)) : 'M[F]_n :=
  (\sum_i <<H *m diag_mx (row i (row_base K))>>)%MS.

Lemma products_sub h k (H : 'M[F]_(h, n)) (K : 'M[F]_(k, n)) v w :
  (v <= H)%MS -> (w <= K)%MS -> (v *m diag_mx w <= products H K)%MS.
Proof.
move=> vH; rewrite -(eq_row_base K) => /submxP[c ->].
rewrite diag_sum mulmx_sumr summx_sub // => i _; rewrite -scalemxAr scalemx_sub //.
by rewrite (sumsmx_sup i) // genmxE submxMr.
Qed.

Lemma rank_products h k (H : 'M[F]_(h, n)) (K : 'M[F]_(k, n)) x y :
  (\rank H <= x)%N -> (\rank K <= y)%N -> (\rank (products H K) <= x * y)%N.
Proof.
move=> rH rK; apply: (@leq_trans (\rank K * x)); last by rewrite mulnC leq_mul2l rK orbT.
rewrite /products -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
elim/big_rec2: _ => [|i z A _ IH]; first by rewrite mxrank0.
apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
exact: leq_trans (mxrankM_maxl _ _) rH.
Qed.
End Monomials.

Section Growth.
Variables (F : fieldType) (n p q d : nat) (a : F) (f : {poly F}).
Variables (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Local Notation psi := (fun y => f.[y]).
Local Notation dpsi := (fun y => (f^`()).[y]).
Local Notation grad W x := (gradW a id psi (fun=> 1) dpsi W B C x).
Hypothesis degree : (size f <= d.+1)%N.

Section Trial.
Variables (W : 'M[F]_n) (x : trial F n p q) (s : nat) (H : 'M[F]_(s, n)).
Hypotheses (h0 : th0 x = 0) (sB : (B^T <= H)%MS) (sW : (W^T <= H)%MS).
Local Notation h := (hid a id psi W B x).
Local Notation K := (C + W)%MS.
Local Notation J := (products (monomials H d.-1) K).

Lemma poly_map m1 m2 (g : {poly F}) (A : 'M[F]_(m1, m2)) :
  map_mx (fun y => g.[y]) A = map_mx (horner_rec g) A.
Proof. by apply/matrixP => i j; rewrite !mxE. Qed.

Lemma poly_hid t : ((h t)^T <= H)%MS.
Proof.
elim: t => [|t IH]; first by rewrite /= h0 trmx0 sub0mx.
rewrite hidS map_mx_id; apply: colsD; first exact: colsZ.
by apply: colsZ; apply: colsD; apply: cols_mul.
Qed.

Lemma poly_rate t : ((rate a id psi W B x t)^T <= monomials H d)%MS.
Proof. by rewrite /rate poly_map map_trmx; apply: polynomial_sub => //; apply: poly_hid. Qed.

Lemma poly_slope t (y : 'cV[F]_n) : (y^T <= K)%MS -> ((had (map_mx dpsi (h t)) y)^T <= J)%MS.
Proof.
move=> sy; have -> : (had (map_mx dpsi (h t)) y)^T = (map_mx dpsi (h t))^T *m diag_mx y^T.
  by apply/matrixP => i j; rewrite mul_mx_diag !mxE (ord1 i).
apply: products_sub => //; rewrite poly_map map_trmx; apply: polynomial_sub (poly_hid t) _.
apply: leq_trans (size_poly _ _) _; apply: leq_trans (leqSpred d).
by rewrite -subn1 leq_subLR add1n.
Qed.

Lemma poly_adj t : ((adj a id psi (fun=> 1) dpsi W B C x t)^T <= J)%MS.
Proof.
rewrite /adj; elim: (tT x - t)%N => [|r IH] /=.
  by apply: poly_slope; rewrite cols_mul // trmxK addsmxSl.
apply: colsD; first exact: colsZ.
apply: poly_slope; apply: colsD; first by rewrite cols_mul // trmxK addsmxSl.
by apply/colsZ/cols_mul; rewrite trmxK addsmxSr.
Qed.

Theorem poly_gradient : (grad W x <= monomials H d)%MS /\ ((grad W x)^T <= J)%MS.
Proof.
rewrite /gradW; split.
  by rewrite scalemx_sub // summx_sub // => t _; rewrite mulmx_sub // poly_rate.
by apply/colsZ/cols_sum => t _; apply: cols_mul; rewrite /delta had1 poly_adj.
Qed.
End Trial.

Section Learning.
Variables (c0 : nat -> F) (W : nat -> 'M[F]_n) (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Let G k := \sum_(m < M k) grad (W k) (X k m).
Hypotheses (rW : spectral c0 W G) (W0 : W 0%N = 0).
Hypothesis h0 : forall k m, (m < M k)%N -> th0 (X k m) = 0.
Local Notation r k := (\rank (W k)).
Local Notation c k := (\rank (row_span (tr_seq G) k)).

Lemma poly_batch k s (H : 'M[F]_(s, n)) : (B^T <= H)%MS -> ((W k)^T <= H)%MS ->
  (G k <= monomials H d)%MS /\ ((G k)^T <= products (monomials H d.-1) (C + W k)%MS)%MS.
Proof.
move=> sB sW; have g (m : 'I_(M k)) := poly_gradient (h0 (ltn_ord m)) sB sW.
by split; [rewrite summx_sub // => m _ | apply: cols_sum => m _]; have [] := g m.
Qed.

Theorem polynomial_growth k :
  [/\ (\rank (G k) <= minn 'C(p + r k + d, d) ('C(p + r k + d.-1, d.-1) * (q + r k)))%N,
      (r k.+1 <= 'C(p + c k + d, d))%N & (c k.+1 <= c k + \rank (G k))%N].
Proof.
have sW j : (W j <= row_span G j)%MS /\ ((W j)^T <= row_span (tr_seq G) j)%MS.
  by have := rW j; rewrite W0 scaler0 subr0.
split.
- pose H := (B^T + (W k)^T)%MS.
  have [sG sGt] := poly_batch (H := H) (addsmxSl _ _) (addsmxSr _ _).
  have rH : (\rank H <= p + r k)%N.
    by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite [\rank (W k)^T]mxrank_tr leq_add2r rank_leq_row.
  have rK : (\rank (C + W k)%MS <= q + r k)%N.
    by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add2r rank_leq_row.
  rewrite leq_min; apply/andP; split; first exact: leq_trans (mxrankS sG) (rank_monomials _ rH).
  rewrite -mxrank_tr; apply: leq_trans (mxrankS sGt) (rank_products (rank_monomials _ rH) rK).
- pose H := (B^T + row_span (tr_seq G) k)%MS.
  have rH : (\rank H <= p + c k)%N.
    by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add2r rank_leq_row.
  apply: leq_trans (rank_monomials _ rH); apply: mxrankS; apply: submx_trans (proj1 (sW k.+1)) _.
  apply: row_span_sub => j jk.
  have sWH : ((W j)^T <= H)%MS.
    have le : (j <= k)%N by [].
    by apply: submx_trans (proj2 (sW j)) (submx_trans (row_spanW _ le) (addsmxSr _ _)).
  by have [] := poly_batch (H := H) (addsmxSl _ _) sWH.
rewrite row_spanS; apply: leq_trans (mxrank_adds_leqif _ _) _.
by rewrite leq_add2l mxrank_gen mxrank_tr.
Qed.
End Learning.
End Growth.

(* Main results: rank_hull polynomial_sub poly_gradient polynomial_growth *)
