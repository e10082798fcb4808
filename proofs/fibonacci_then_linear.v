(* fibonacci growth, then linear growth (goes with fibonacci-growth, checked by
   src/theorem/fibonacci_growth.rs)

   Linear networks, W_0 = w I, h_0 = 0, W alone trained by a GD-like or spectral method,
   trials of at most T steps, m = min (p, q), F_1 = F_2 = 1. For all 0 < l <= k
     rank D_k <= m (F_{l+2} - 1 + (k - l) (T - 2)).
   l = k is fibonacci-growth, and step l adds m F_l to it; so the best l is the last with
   F_l <= T - 2. From there on each step adds m (T - 2), as a gradient has only T - 2
   powers of A_k = (1-a) I + a W_k beside the first, which is the same at all steps. The
   differences are those of natural numbers: T = 2 leaves m.

     growth_then_linear  the counting: rows of G_k in S and a space U_k, of dimension at
                         most u, in the columns of D_k
     krylov_shift        the powers of al I + a E but the first lie in those that end in E *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
From RankProof Require Import krylov_decay linear_growth fibonacci_growth.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Counting.
Variables (F : fieldType) (n s u : nat) (S : 'M[F]_(s, n)) (D G U : nat -> 'M[F]_n).
Hypothesis sD : forall k, (D k <= row_span G k)%MS /\ ((D k)^T <= row_span (tr_seq G) k)%MS.
Hypothesis sG : forall k, (G k <= S + U k)%MS.
Hypothesis sU : forall k, (U k <= (D k)^T)%MS.
Hypothesis rU : forall k, (\rank (U k) <= u)%N.

Lemma gradient_sub k : (G k <= S + (D k)^T)%MS.
Proof. by apply: submx_trans (sG k) _; rewrite addsmxS. Qed.

Lemma rank_columns k : (\rank (row_span (tr_seq G) k) <= \rank S * (fib k.+3 - 2))%N.
Proof.
elim: k => [|k IHk]; first by rewrite row_span0 mxrank0.
rewrite row_spanS; apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite mxrank_gen mxrank_tr.
have rG : (\rank (G k) <= \rank S * (1 + (fib k.+2 - 1)))%N.
  apply: leq_trans (mxrankS (gradient_sub k)) _; apply: leq_trans (mxrank_adds_leqif _ _) _.
  rewrite mxrank_tr mulnDr muln1 leq_add2l; exact: span_growth_rows sD gradient_sub k.
apply: leq_trans (leq_add IHk rG) _; rewrite -mulnDr leq_mul2l; apply/orP; right.
by rewrite subnKC ?fib_gt0 // [fib k.+4]fibSS addnBAC ?fib_gt1.
Qed.

(* rows of later gradients: S, the columns of D_0 .. D_l, and the U_i after them *)
Lemma later_rows l k : (row_span G k <=
  (S + row_span (tr_seq G) l) + \sum_(i < k | (l < i)%N) <<U i>>)%MS.
Proof.
apply: row_span_sub => i ik; apply: submx_trans (sG i) _; rewrite addsmx_sub; apply/andP; split.
  exact: submx_trans (addsmxSl _ _) (addsmxSl _ _).
have [il|li] := leqP i l; last first.
  by apply: submx_trans (addsmxSr _ _); rewrite (sumsmx_sup (Ordinal ik)) // genmxE.
apply: submx_trans (sU i) _; apply: submx_trans (addsmxSl _ _); apply: submx_trans (addsmxSr _ _).
by apply: submx_trans (proj2 (sD i)) (row_spanW _ il).
Qed.

Lemma rank_later l k : (\rank (\sum_(i < k | (l < i)%N) <<U i>>)%MS <= (k - l.+1) * u)%N.
Proof.
have -> : ((k - l.+1) * u = \sum_(i < k | l < i) u)%N.
  by rewrite -(big_geq_mkord _ _ xpredT (fun=> u)) sum_nat_const_nat.
elim/big_rec2: _ => [|i r A _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen.
Qed.

Theorem growth_then_linear l k : (0 < l <= k)%N ->
  (\rank (D k) <= \rank S * (fib l.+2 - 1) + (k - l) * u)%N.
Proof.
case: l => // l lk; apply: leq_trans (mxrankS (submx_trans (proj1 (sD k)) (later_rows l k))) _.
apply: leq_trans (mxrank_adds_leqif _ _) _; apply: leq_add (rank_later l k).
apply: leq_trans (mxrank_adds_leqif _ _) _; apply: leq_trans (leq_add (leqnn _) (rank_columns l)) _.
by rewrite -{1}[\rank S]muln1 -mulnDr leq_mul2l add1n subnSK ?leqnn ?orbT // fib_gt1.
Qed.
End Counting.

Lemma krylov_shift (F : fieldType) n s (al a : F) (E : 'M[F]_n) (S : 'M[F]_(s, n)) d
    (A := al%:M + a *: E) : (krylov A S d <= S + krylov A S d.-1 *m E)%MS.
Proof.
apply/sumsmx_subP => -[i id] _; rewrite genmxE /=.
elim: i id => [|i IHi] id; first by rewrite mulmx1 addsmxSl.
rewrite mpowSr mulmxA {2}/A mulmxDr mul_mx_scalar addmx_sub ?scalemx_sub //.
  by apply: IHi; apply: ltnW.
rewrite -scalemxAr scalemx_sub //; apply: submx_trans (addsmxSr _ _); apply: submxMr.
have id' : (i < d.-1)%N by case: (d) id.
by rewrite (sumsmx_sup (Ordinal id')) // genmxE.
Qed.

Theorem fibonacci_then_linear (F : fieldType) n p q (a w : F) (c0 : nat -> F)
    (W : nat -> 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n))
    (M : nat -> nat) (X : nat -> nat -> trial F n p q) T
    (G := fun k => \sum_(m < M k) lgradW a (W k) B C (X k m)) :
  spectral c0 W G -> W 0%N = w%:M ->
  (forall k m, (m < M k)%N -> (tT (X k m) <= T)%N /\ th0 (X k m) = 0) ->
  forall l k, (0 < l <= k)%N ->
  (\rank (W k - c0 k *: W 0%N)%R <= minn p q * (fib l.+2 - 1 + (k - l) * (T - 2)))%N.
Proof.
move=> rW W0 hyp l k lk; pose D j := W j - c0 j *: W 0%N.
have leT j m : (m < M j)%N -> (tT (X j m) <= T)%N by case/hyp.
have h0 j m : (m < M j)%N -> th0 (X j m) = 0 by case/hyp.
have kry j := krylov_gradient_zero_start a (W j) B C (leT j) (h0 j).
pose al j := 1 - a + a * (c0 j * w).
have eA j : step_matrix a (W j) = (al j)%:M + a *: D j.
  have -> : W j = (c0 j * w)%:M + D j by rewrite /D W0 scale_scalar_mx addrC subrK.
  by rewrite /step_matrix scalerDr addrA scale_scalar_mx -raddfD.
have eAt j : (step_matrix a (W j))^T = (al j)%:M + a *: (D j)^T.
  by rewrite eA linearD /= tr_scalar_mx linearZ.
have e2 : T.-1.-1 = (T - 2)%N by rewrite subn2.
pose Ui j := krylov (step_matrix a (W j))^T B^T (T - 2) *m (D j)^T.
pose Uo j := krylov (step_matrix a (W j)) C (T - 2) *m D j.
have gi j : (G j <= B^T + Ui j)%MS.
  by have [sG _ _] := kry j; apply: submx_trans sG _; rewrite /Ui -e2 eAt; apply: krylov_shift.
have go j : (tr_seq G j <= C + Uo j)%MS.
  by have [_ sG _] := kry j; apply: submx_trans sG _; rewrite /Uo -e2 eA; apply: krylov_shift.
have sDt j : ((D j)^T <= row_span (tr_seq G) j)%MS /\ ((D j)^T^T <= row_span (tr_seq (tr_seq G)) j)%MS.
  by rewrite trmxK tr_seqK; have [] := rW j.
have ri : (\rank (D k) <= \rank B^T * (fib l.+2 - 1) + (k - l) * ((T - 2) * p))%N.
  apply: (growth_then_linear (D := D) (U := Ui) rW gi) lk => j; first exact: submxMl.
  exact: rank_krylov_mul.
have ro : (\rank (D k)^T <= \rank C * (fib l.+2 - 1) + (k - l) * ((T - 2) * q))%N.
  apply: (growth_then_linear (D := fun j => (D j)^T) (U := Uo) sDt go) lk => j.
    by rewrite trmxK; apply: submxMl.
  exact: rank_krylov_mul.
rewrite mxrank_tr in ro.
have both r d s : (r <= d)%N -> (r * s + (k - l) * ((T - 2) * d) <= d * (s + (k - l) * (T - 2)))%N.
  by move=> rd; rewrite mulnDr [(d * (_ * _))%N]mulnC -mulnA leq_add // leq_mul2r rd orbT.
by rewrite minnMl leq_min (leq_trans ri) ?(leq_trans ro) // both ?rank_leq_row.
Qed.

(* Main results: growth_then_linear fibonacci_then_linear *)
