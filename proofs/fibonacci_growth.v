(* fibonacci-growth (checked by src/theorem/fibonacci_growth.rs)

   Linear networks, W_0 = w I, h_0 = 0, W trained by a GD-like or spectral method,
   m = min (p, q), F_1 = F_2 = 1:
     rank G_k <= min (m F_{k+2}, p + q),
     rank D_k <= min (m (F_{k+2} - 1), p + q),
     CP rank (D_0 .. D_K) <= m (F_{K+3} - 2).
   With a common h_0: p + 1 in place of p. For any number of initial states, or if
   they lie in col B: [fibonacci_space]. With B and C trained as well:
     rank D_k <= m (F_{k+3} - 2), rank G_k <= m (F_{k+3} - 1),
   that is 0, 1, 3, 6, 11, .. and 1, 2, 4, 7, .. times m: [fibonacci_all_trained].
   Both are attained: fibonacci_attained.v.

     fib                the Fibonacci numbers
     span_growth        the counting argument on abstract sequences of matrices   *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance tensor_rank.
From RankProof Require Import tensor_telescoping invariant_subspace.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Fixpoint fib n := if n is n'.+1 then (if n' is n''.+1 then fib n' + fib n'' else 1)%N else 0%N.

Lemma fibSS n : fib n.+2 = (fib n.+1 + fib n)%N. Proof. by []. Qed.
Arguments fib : simpl never.
Lemma fib_gt0 n : (0 < fib n.+1)%N.
Proof. by elim: n => // n IHn; rewrite fibSS addn_gt0 IHn. Qed.
Lemma fib_gt1 n : (1 < fib n.+3)%N.
Proof. by elim: n => // n IHn; rewrite fibSS addnC ltn_addl. Qed.

Lemma sum_fib K : (\sum_(j < K) fib j.+2 = fib K.+3 - 2)%N.
Proof.
elim: K => [|K IHK]; first by rewrite big_ord0.
by rewrite big_ord_recr /= IHK fibSS addnC addnBA ?fib_gt1 // addnC.
Qed.

Lemma fib_recurrence m (c d : nat -> nat) : c 0%N = 0%N -> d 0%N = 0%N ->
  (forall k, (d k.+1 <= m + c k)%N) -> (forall k, (c k.+1 <= c k + (m + d k))%N) ->
  forall k, (d k <= m * (fib k.+2 - 1))%N.
Proof.
move=> c0 d0 dS cS k.
have main : (d k <= m * (fib k.+2 - 1))%N /\ (c k <= m * (fib k.+3 - 2))%N.
  elim: k => [|k [IHd IHc]]; first by rewrite c0 d0.
  have f1 := fib_gt0 k.+1; have f2 := fib_gt1 k; split.
    apply: leq_trans (dS k) _; apply: (@leq_trans (m + m * (fib k.+3 - 2))).
      by rewrite leq_add2l.
    by rewrite -{1}[m]muln1 -mulnDr leq_mul2l add1n subnSK // leqnn orbT.
  apply: leq_trans (cS k) _.
  apply: (@leq_trans (m * (fib k.+3 - 2) + (m + m * (fib k.+2 - 1)))).
    by rewrite leq_add // leq_add2l.
  rewrite -{2}[m]muln1 -!mulnDr leq_mul2l subnKC // [fib k.+4]fibSS.
  by rewrite addnBAC ?leqnn ?orbT.
by case: main.
Qed.

Section Fib.
Variable F : fieldType.

(* the combinatorial core *)
Lemma span_growth_rows n s (Sin : 'M[F]_(s, n)) (D G : nat -> 'M[F]_n) :
  (forall k, (D k <= row_span G k)%MS /\ ((D k)^T <= row_span (tr_seq G) k)%MS) ->
  (forall k, (G k <= Sin + (D k)^T)%MS) ->
  forall k, (\rank (D k) <= \rank Sin * (fib k.+2 - 1))%N.
Proof.
move=> sD sG; apply: (@fib_recurrence _ (fun k => \rank (row_span (tr_seq G) k))) => [||k|k].
- by rewrite row_span0 mxrank0.
- by have [] := sD 0%N; rewrite row_span0 submx0 => /eqP-> _; rewrite mxrank0.
- apply: leq_trans (mxrank_adds_leqif _ _) ; apply: mxrankS.
  apply: submx_trans (proj1 (sD k.+1)) _; apply: row_span_sub => j jk.
  apply: submx_trans (sG j) (addsmxS (submx_refl _) _).
  exact: submx_trans (proj2 (sD j)) (row_spanW _ _).
- have -> : row_span (tr_seq G) k.+1 = (row_span (tr_seq G) k + <<(G k)^T>>)%MS.
    by rewrite /row_span big_ord_recr.
  apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add2l mxrank_gen mxrank_tr.
  apply: leq_trans (mxrankS (sG k)) _; apply: leq_trans (mxrank_adds_leqif _ _) _.
  by rewrite mxrank_tr.
Qed.

Lemma span_growth_cap n s1 s2 (Sin : 'M[F]_(s1, n)) (Sout : 'M[F]_(s2, n)) (D G : nat -> 'M[F]_n) :
  (forall k, (D k <= row_span G k)%MS /\ ((D k)^T <= row_span (tr_seq G) k)%MS) ->
  (forall k, (G k <= Sin + (D k)^T)%MS) -> (forall k, ((G k)^T <= Sout + D k)%MS) ->
  forall k, [/\ (D k <= Sin + Sout)%MS, ((D k)^T <= Sin + Sout)%MS,
                (G k <= Sin + Sout)%MS & ((G k)^T <= Sin + Sout)%MS].
Proof.
move=> sD sG sGt; elim/ltn_ind=> k IH.
have [dk dkt] : (D k <= Sin + Sout)%MS /\ ((D k)^T <= Sin + Sout)%MS.
  by split; [apply: submx_trans (proj1 (sD k)) _ | apply: submx_trans (proj2 (sD k)) _];
    apply: row_span_sub => j /IH[].
split=> //; first by apply: submx_trans (sG k) _; rewrite addsmx_sub addsmxSl.
by apply: submx_trans (sGt k) _; rewrite addsmx_sub addsmxSr.
Qed.

Lemma span_growth n s1 s2 (Sin : 'M[F]_(s1, n)) (Sout : 'M[F]_(s2, n)) (D G : nat -> 'M[F]_n)
    (m := minn (\rank Sin) (\rank Sout)) (d := \rank (Sin + Sout)%MS) :
  (forall k, (D k <= row_span G k)%MS /\ ((D k)^T <= row_span (tr_seq G) k)%MS) ->
  (forall k, (G k <= Sin + (D k)^T)%MS) -> (forall k, ((G k)^T <= Sout + D k)%MS) ->
  forall k, (\rank (D k) <= minn (m * (fib k.+2 - 1)) d)%N /\
            (\rank (G k) <= minn (m * fib k.+2) d)%N.
Proof.
move=> sD sG sGt k; have [/mxrankS cD _ /mxrankS cG _] := span_growth_cap sD sG sGt k.
have rD : (\rank (D k) <= m * (fib k.+2 - 1))%N.
  rewrite /m minnMl leq_min (span_growth_rows sD sG) /= -mxrank_tr.
  apply: (@span_growth_rows _ _ Sout (fun k => (D k)^T) (tr_seq G)) => j; last by rewrite trmxK; apply: sGt.
  by rewrite trmxK tr_seqK; have [] := sD j.
rewrite !leq_min rD cD cG !andbT; split=> //; apply: (@leq_trans (m + \rank (D k))); last first.
  by rewrite -(subnKC (fib_gt0 k.+1)) mulnDr muln1 leq_add2l.
rewrite /m addn_minl leq_min -{1}(mxrank_tr (D k)) -{2}(mxrank_tr (G k)).
by rewrite !(leq_trans (mxrankS _) (mxrank_adds_leqif _ _)).
Qed.

(* signals at step k: h in Sin + columns of D, lambda in Sout + rows of D *)
Section Signals.
Variables (n p q s1 s2 : nat) (a w : F) (Sin : 'M[F]_(s1, n)) (Sout : 'M[F]_(s2, n)).
Variables (D : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (x : trial F n p q).
Hypotheses (sB : (B^T <= Sin)%MS) (sC : (C <= Sout)%MS) (sh : ((th0 x)^T <= Sin)%MS).
Local Notation W := (w%:M + D).

Lemma hid_signals t : ((lhid a W B x t)^T <= Sin + D^T)%MS.
Proof.
have sA m (A : 'M_(m, n)) : (A <= Sin)%MS -> (A <= Sin + D^T)%MS.
  by move=> sA; apply: submx_trans sA (addsmxSl _ _).
elim: t => [|t IHt]; first exact: sA.
rewrite lhidS colsD ?colsZ // colsD //; last by rewrite cols_mul ?sA.
rewrite mulmxDl mul_scalar_mx colsD ?colsZ //.
by rewrite cols_mul // addsmxSr.
Qed.

Lemma adj_signals t : (t <= tT x)%N -> ((ladj a W B C x t)^T <= Sout + D)%MS.
Proof.
have sCe e : ((C^T *m e : 'cV_n)^T <= Sout + D)%MS.
  by rewrite cols_mul // trmxK (submx_trans sC) ?addsmxSl.
move=> leT; rewrite -(subKn leT); elim: (tT x - t)%N (leq_subr t (tT x)) => [|r IHr] rT.
  by rewrite subn0 ladjT.
have lt : (tT x - r.+1 < tT x)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
rewrite ladjS // subnSK // colsD //; first by rewrite colsD ?colsZ // IHr // ltnW.
rewrite colsZ // linearD /= tr_scalar_mx mulmxDl mul_scalar_mx colsD ?colsZ ?IHr // 1?ltnW //.
by rewrite cols_mul // trmxK addsmxSr.
Qed.

Lemma gradient_signals : (lgradW a W B C x <= Sin + D^T)%MS /\ ((lgradW a W B C x)^T <= Sout + D)%MS.
Proof.
rewrite lgradWE; split.
  by rewrite scalemx_sub ?summx_sub // => t _; rewrite mulmx_sub ?hid_signals.
by rewrite colsZ ?cols_sum // => t _; rewrite cols_mul ?adj_signals.
Qed.
End Signals.

(* any spectral optimizer, any initial states in a space Sin that
   contains the columns of B *)
Section Growth.
Variables (n p q : nat) (a w : F) (c0 : nat -> F) (W : nat -> 'M[F]_n).
Variables (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Let G k := \sum_(m < M k) lgradW a (W k) B C (X k m).
Let D k := W k - c0 k *: W 0%N.
Hypotheses (rW : spectral c0 W G) (W0 : W 0%N = w%:M).

Theorem fibonacci_space s1 s2 (Sin : 'M[F]_(s1, n)) (Sout : 'M[F]_(s2, n))
    (m := minn (\rank Sin) (\rank Sout)) (d := \rank (Sin + Sout)%MS) :
  (B^T <= Sin)%MS -> (C <= Sout)%MS -> (forall k i, ((th0 (X k i))^T <= Sin)%MS) ->
  forall k, (\rank (D k) <= minn (m * (fib k.+2 - 1)) d)%N /\
            (\rank (G k) <= minn (m * fib k.+2) d)%N.
Proof.
move=> sB sC sh.
have sig k i : (lgradW a (W k) B C (X k i) <= Sin + (D k)^T)%MS /\
    ((lgradW a (W k) B C (X k i))^T <= Sout + D k)%MS.
  have -> : W k = (c0 k * w)%:M + D k by rewrite /D W0 scale_scalar_mx addrC subrK.
  exact: gradient_signals.
apply: span_growth => // k.
  by rewrite summx_sub // => i _; have [] := sig k i.
by rewrite cols_sum // => i _; have [] := sig k i.
Qed.

(* initial states 0: m = min (rank B, rank C) <= min (p, q) *)
Theorem fibonacci_growth : (forall k i, th0 (X k i) = 0) ->
  forall k, (\rank (D k) <= minn (minn p q * (fib k.+2 - 1)) (p + q))%N /\
            (\rank (G k) <= minn (minn p q * fib k.+2) (p + q))%N.
Proof.
move=> h0 k.
have [//|//|k' i|rD rG] := @fibonacci_space _ _ B^T C _ _ _ k; rewrite ?h0 ?trmx0 ?sub0mx //.
have lem : (minn (\rank B^T) (\rank C) <= minn p q)%N.
  by rewrite leq_min !geq_min !rank_leq_row orbT.
have led : (\rank (B^T + C)%MS <= p + q)%N.
  by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add ?rank_leq_row.
by split; [apply: leq_trans rD _ | apply: leq_trans rG _];
  rewrite leq_min !geq_min led orbT andbT leq_mul2r lem orbT.
Qed.

(* one common initial state h0: m = min (p + 1, q) *)
Theorem fibonacci_growth_common_start (h0 : 'cV[F]_n) : (forall k i, th0 (X k i) = h0) ->
  forall k, (\rank (D k) <= minn (minn p.+1 q * (fib k.+2 - 1)) (p + q + 1))%N /\
            (\rank (G k) <= minn (minn p.+1 q * fib k.+2) (p + q + 1))%N.
Proof.
move=> eh0 k; pose Sin := col_mx B^T h0^T.
have sub: (Sin <= Sin)%MS by []; move: sub; rewrite {1}/Sin col_mx_sub => /andP[sB sh].
have [//|//|k' i|rD rG] := @fibonacci_space _ _ Sin C _ _ _ k; rewrite ?eh0 //.
have rS : (\rank Sin <= p.+1)%N by rewrite (leq_trans (rank_leq_row _)) // addn1.
have lem : (minn (\rank Sin) (\rank C) <= minn p.+1 q)%N.
  by rewrite leq_min !geq_min rS rank_leq_row orbT.
have led : (\rank (Sin + C)%MS <= p + q + 1)%N.
  by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite [(p + q + 1)%N]addn1 -addSn leq_add ?rank_leq_row.
by split; [apply: leq_trans rD _ | apply: leq_trans rG _];
  rewrite leq_min !geq_min led orbT andbT leq_mul2r lem orbT.
Qed.
End Growth.

(* B and C trained too *)
Lemma fibonacci_recurrence_trained m (c d : nat -> nat) : c 0%N = 0%N -> d 0%N = 0%N ->
  (forall k, (d k.+1 <= m + c k)%N) -> (forall k, (c k.+1 <= c k + (m + d k) + m)%N) ->
  forall k, (d k <= m * (fib k.+3 - 2))%N.
Proof.
move=> c0 d0 dS cS k.
have main : (d k <= m * (fib k.+3 - 2))%N /\ (c k + m * 3 <= m * fib k.+4)%N.
  elim: k => [|k [IHd IHc]]; first by rewrite c0 d0.
  have f1 := fib_gt1 k; have f2 := fib_gt1 k.+1.
  have f3 : (2 < fib k.+4)%N.
    by rewrite fibSS (leq_trans _ (leq_add f1 (fib_gt0 k.+1))).
  have IHd' : (d k + m * 2 <= m * fib k.+3)%N.
    by rewrite -(subnK f1) mulnDr leq_add2r.
  split.
    apply: leq_trans (dS k) _; rewrite -(leq_add2r (m * 2)) -mulnDr subnK //.
    by apply: leq_trans IHc; rewrite addnC addnA -mulnSr addnC.
  rewrite fibSS mulnDr; apply: leq_trans (leq_add IHc IHd').
  apply: (@leq_trans (c k + (m + d k) + m + m * 3)); first by rewrite leq_add2r.
  rewrite -!addnA leq_add2l addnCA [(m * 3 + _)%N]addnC -!addnA leq_add2l.
  by rewrite -[X in (X + _)%N]muln1 -[X in (_ + (X + _))%N]muln1 -!mulnDr.
by case: main.
Qed.

Lemma span_growth_trained n s (Sin H : nat -> 'M[F]_(s, n)) (D G : nat -> 'M[F]_n) :
  (forall k, (D k <= row_span G k)%MS /\ ((D k)^T <= row_span (tr_seq G) k)%MS) ->
  (forall k, (G k <= Sin k + (D k)^T)%MS) ->
  (forall k, (Sin k <= Sin 0%N + row_span H k)%MS) ->
  forall k, (\rank (D k) <= s * (fib k.+3 - 2))%N /\ (\rank (G k) <= s + \rank (D k))%N.
Proof.
move=> sD sG sS.
have rG k : (\rank (G k) <= s + \rank (D k))%N.
  apply: leq_trans (mxrankS (sG k)) _; apply: leq_trans (mxrank_adds_leqif _ _) _.
  by rewrite mxrank_tr leq_add2r rank_leq_row.
move=> k; split=> //; move: k.
apply: (@fibonacci_recurrence_trained _
  (fun k => \rank (row_span H k + row_span (tr_seq G) k)%MS)) => [||k|k].
- by rewrite !row_span0 addsmx0 mxrank0.
- by have [] := sD 0%N; rewrite row_span0 submx0 => /eqP-> _; rewrite mxrank0.
- apply: (@leq_trans (\rank (Sin 0%N + (row_span H k + row_span (tr_seq G) k))%MS)); last first.
    by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add2r rank_leq_row.
  apply/mxrankS/(submx_trans (proj1 (sD k.+1))); apply: row_span_sub => j jk.
  apply: submx_trans (sG j) _; rewrite addsmx_sub; apply/andP; split.
    by apply: submx_trans (sS j) _; rewrite addsmxS // (submx_trans _ (addsmxSl _ _)) ?row_spanW.
  apply: submx_trans (proj2 (sD j)) _; apply: submx_trans (addsmxSr _ _).
  by apply: submx_trans (addsmxSr _ _); apply: row_spanW.
- rewrite !row_spanS; set H' := row_span H k; set G' := row_span (tr_seq G) k.
  apply: (@leq_trans (\rank ((H' + G') + (<<(G k)^T>> + <<H k>>))%MS)).
    apply: mxrankS; rewrite !addsmx_sub.
    by rewrite !(submx_trans (addsmxSl H' G') (addsmxSl _ _), submx_trans (addsmxSr H' G') (addsmxSl _ _),
      submx_trans (addsmxSl _ <<H k>>%MS) (addsmxSr _ _), submx_trans (addsmxSr <<(G k)^T>>%MS _) (addsmxSr _ _)).
  apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite -addnA leq_add2l.
  apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite !mxrank_gen mxrank_tr.
  by rewrite leq_add ?rG ?rank_leq_row.
Qed.

Section GrowthTrained.
Variables (n p q : nat) (a w : F) (cW cB cC : nat -> F).
Variables (W : nat -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Local Notation gW := (batch_gradW a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gB := (batch_gradB a id id (fun=> 1) (fun=> 1) W B C M X).
Local Notation gC := (batch_gradC a id id W B M X).
Hypotheses (rW : spectral cW W gW) (rB : gd_like cB B gB) (rC : gd_like cC C gC).
Hypotheses (W0 : W 0%N = w%:M) (h0 : forall k i, th0 (X k i) = 0).

Theorem fibonacci_all_trained k (m := minn p q) :
  (\rank (W k - cW k *: W 0%N)%R <= minn (m * (fib k.+3 - 2)) (p + q))%N /\
  (\rank (gW k) <= m * (fib k.+3 - 1))%N.
Proof.
pose D j := W j - cW j *: W 0%N.
have sig j i : (lgradW a (W j) (B j) (C j) (X j i) <= (B j)^T + (D j)^T)%MS /\
    ((lgradW a (W j) (B j) (C j) (X j i))^T <= C j + D j)%MS.
  have -> : W j = (cW j * w)%:M + D j by rewrite /D W0 scale_scalar_mx addrC subrK.
  by apply: gradient_signals; rewrite ?h0 ?trmx0 ?sub0mx.
have sG j : (gW j <= (B j)^T + (D j)^T)%MS.
  by rewrite summx_sub // => i _; have [] := sig j i.
have sGt j : ((gW j)^T <= C j + D j)%MS by rewrite cols_sum // => i _; have [] := sig j i.
have sB j : ((B j)^T <= (B 0%N)^T + row_span (tr_seq gB) j)%MS.
  have [c ->] := rB j; apply: colsD; first by apply: colsZ; apply: addsmxSl.
  apply: cols_sum => i _; apply: colsZ; apply: submx_trans (addsmxSr _ _).
  by apply: (sub_row_span (tr_seq gB)).
have sC j : (C j <= C 0%N + row_span gC j)%MS.
  have [c ->] := rC j; rewrite addmx_sub ?scalemx_sub ?addsmxSl // summx_sub // => i _.
  by rewrite scalemx_sub // (submx_trans _ (addsmxSr _ _)) ?sub_row_span.
have [r1 g1] := @span_growth_trained _ _ (fun j => (B j)^T) _ D gW rW sG sB k.
have rWt j : ((D j)^T <= row_span (tr_seq gW) j)%MS /\
    ((D j)^T^T <= row_span (tr_seq (tr_seq gW)) j)%MS.
  by rewrite trmxK tr_seqK; have [] := rW j.
have sGt' j : (tr_seq gW j <= C j + ((D j)^T)^T)%MS by rewrite trmxK; apply: sGt.
have [r2 g2] := @span_growth_trained _ _ C _ (fun j => (D j)^T) (tr_seq gW) rWt sGt' sC k.
rewrite !mxrank_tr in r2 g2; split.
  rewrite !leq_min minnMl leq_min r1 r2 /=.
  have [/= _ _ r3] := invariant_start_space (h0 := fun=> 0 : 'M[F]_(n, 0))
    (sel := fun _ _ => 0) (fun k i => etrans (h0 k i) (esym (mul0mx _ _))) W0 rW
    (gd_like_keeps_columns rB) (gd_like_keeps_rows rC) (fun _ _ s0 => s0) k.
  by rewrite -[(p + q)%N]addn0.
have f1 := fib_gt1 k.
have -> : (fib k.+3 - 1 = (fib k.+3 - 2).+1)%N by rewrite subnSK.
rewrite /m minnMl leq_min !mulnS; apply/andP; split.
  by apply: leq_trans g1 _; rewrite leq_add2l.
by apply: leq_trans g2 _; rewrite leq_add2l.
Qed.
End GrowthTrained.

(* plain gradient descent on W from W_0 = 0, h_0 = 0; and the K + 1 iterates as a tensor *)
Theorem fibonacci_gradient_descent n p q (a : F) (eta : nat -> F) (W : nat -> 'M[F]_n)
    (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (M : nat -> nat) (X : nat -> nat -> trial F n p q)
    (G := fun k => \sum_(m < M k) lgradW a (W k) B C (X k m)) :
  W 0%N = 0 -> (forall k i, th0 (X k i) = 0) -> (forall k, W k.+1 = W k - eta k *: G k) ->
  [/\ forall k, (\rank (W k) <= minn (minn p q * (fib k.+2 - 1)) (p + q))%N,
      forall k, (\rank (G k) <= minn (minn p q * fib k.+2) (p + q))%N &
      forall K, tensor_rank_le (minn p q * (fib K.+3 - 2)) (fun k : 'I_K.+1 => W k)].
Proof.
move=> W0 h0 gd; have rW : gd_like (fun=> 1) W G by apply: gradient_descent_gd_like gd.
have W0' : W 0%N = (0 : F)%:M by rewrite W0 raddf0.
have main := fibonacci_growth (gd_like_spectral rW) W0' h0.
split=> [k|k|K]; try by have [] := main k; rewrite W0 scaler0 subr0.
have rk : tensor_rank_le (\sum_(j < K) \rank (G j)) (fun k : 'I_K.+1 => W k).
  by apply: tensor_rank_le_ext (tensor_telescoping K rW) => k; rewrite /increments W0 scaler0 subr0.
apply: tensor_rank_leW rk; rewrite -sum_fib big_distrr leq_sum // => j _.
by have [_] := main j; rewrite leq_min => /andP[].
Qed.
End Fib.

(* Main results: fibonacci_space fibonacci_growth fibonacci_growth_common_start *)
(* Main results: fibonacci_gradient_descent fibonacci_all_trained *)
