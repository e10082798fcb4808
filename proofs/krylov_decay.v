(* krylov-decay (checked by src/theorem/krylov_decay.rs), the algebraic part

   Linear networks, any W, A = (1-a) I + a W. The columns of a gradient lie in
   span ((A^T)^i C^T), its rows in span (A^i B), i < T - 1, and span (A^i h_0), i < T.
   With h_0 = 0 the rank of a gradient, whatever the number of trials, is at most
   (T - 1) min (p, q), and along learning, each step adds at most that much.

     step_matrix a W      A
     krylov M S d         the sum of the row spaces of S M^i, i < d            *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
From RankProof Require Import tensor_telescoping.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Krylov.
Variable F : fieldType.

(* span of the rows of S, S M, ..., S M^(d-1) *)
Definition krylov n s (M : 'M[F]_n) (S : 'M[F]_(s, n)) d : 'M[F]_n :=
  (\sum_(i < d) <<S *m mpow M i>>)%MS.

Lemma mpowSr n (M : 'M[F]_n) i : mpow M i.+1 = mpow M i *m M.
Proof.
by elim: i => [|i IHi]; [rewrite /mpow /= mulmx1 mul1mx | rewrite /mpow iterS -mulmxA -IHi].
Qed.

Section Kry.
Variables (n s : nat) (M : 'M[F]_n) (S : 'M[F]_(s, n)).
Lemma krylovW d d' : (d <= d')%N -> (krylov M S d <= krylov M S d')%MS.
Proof.
move=> le; apply/sumsmx_subP => i _.
exact: (sumsmx_sup (widen_ord le i)).
Qed.
Lemma krylov_gen d : (0 < d)%N -> (S <= krylov M S d)%MS.
Proof. by move=> d0; rewrite (sumsmx_sup (Ordinal d0)) // genmxE /= mulmx1. Qed.
Lemma krylov_step d m (D : 'M[F]_(m, n)) : (D <= krylov M S d)%MS -> (D *m M <= krylov M S d.+1)%MS.
Proof.
move=> sD; apply: submx_trans (submxMr _ sD) _; rewrite /krylov sumsmxMr.
apply/sumsmx_subP => i _; rewrite (eqmxMr _ (genmxE _)) -mulmxA -mpowSr.
by rewrite (sumsmx_sup (lift ord0 i)) // genmxE.
Qed.
Lemma rank_krylov d : (\rank (krylov M S d) <= d * s)%N.
Proof.
rewrite /krylov -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
elim/big_rec2: _ => [|i k A _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen rank_leq_row.
Qed.
End Kry.

Section Trial.
Variables (n p q h : nat) (a : F) (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (H : 'M[F]_(h, n)).
(* the matrix of one step *)
Definition step_matrix : 'M[F]_n := (1 - a)%:M + a *: W.
Notation A := step_matrix.
Definition row_krylov T : 'M[F]_n := (krylov A^T B^T T.-1 + krylov A^T H T)%MS.
Definition column_krylov T : 'M[F]_n := krylov A C T.
Variable x : trial F n p q.
Hypothesis sh : ((th0 x)^T <= H)%MS.

Lemma krylov_hid t : ((lhid a W B x t)^T <= krylov A^T B^T t + krylov A^T H t.+1)%MS.
Proof.
elim: t => [|t IHt].
  by rewrite lhid0 (submx_trans sh) // (submx_trans _ (addsmxSr _ _)) ?krylov_gen.
have -> : lhid a W B x t.+1 = A *m lhid a W B x t + a *: (B *m tu x t).
  by rewrite lhidS /step_matrix mulmxDl mul_scalar_mx -scalemxAl scalerDr addrA.
rewrite linearD /= addmx_sub // ?trmx_mul; last first.
  rewrite linearZ scalemx_sub //= trmx_mul mulmx_sub //.
  by rewrite (submx_trans _ (addsmxSl _ _)) ?krylov_gen.
apply: submx_trans (submxMr _ IHt) _; rewrite addsmxMr.
by apply: addsmxS; apply: krylov_step.
Qed.

Lemma krylov_adj t : (t <= tT x)%N -> ((ladj a W B C x t)^T <= column_krylov (tT x - t).+1)%MS.
Proof.
have sC d e : ((C^T *m e : 'cV_n)^T <= column_krylov d.+1)%MS.
  by rewrite trmx_mul trmxK mulmx_sub ?krylov_gen.
move=> leT; rewrite -(subKn leT); elim: (tT x - t)%N (leq_subr t (tT x)) => [|r IHr] rT.
  by rewrite subn0 subnn ladjT.
have lt : (tT x - r.+1 < tT x)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
rewrite ladjS // subnSK // subKn // -addrA linearD /= addmx_sub //.
have -> : (1 - a) *: ladj a W B C x (tT x - r) + a *: (W^T *m ladj a W B C x (tT x - r)) =
    A^T *m ladj a W B C x (tT x - r).
  by rewrite /step_matrix linearD linearZ /= tr_scalar_mx mulmxDl mul_scalar_mx -scalemxAl.
rewrite trmx_mul trmxK; apply: krylov_step.
by have := IHr (ltnW rT); rewrite subKn // ltnW.
Qed.

Lemma krylov_trial T : (tT x <= T)%N ->
  (lgradW a W B C x <= row_krylov T)%MS /\ ((lgradW a W B C x)^T <= column_krylov T)%MS.
Proof.
move=> leT; rewrite lgradWE; split.
  rewrite scalemx_sub ?summx_sub // => t _; rewrite mulmx_sub //.
  apply: submx_trans (krylov_hid t) _; have tT := leq_trans (ltn_ord t) leT.
  by apply: addsmxS; apply: krylovW => //; rewrite -ltnS (ltn_predK tT).
apply: colsZ; apply: cols_sum => t _; apply: cols_mul.
apply: submx_trans (krylov_adj (ltn_ord t)) _; apply: krylovW.
by rewrite subnSK // (leq_trans (leq_subr _ _)).
Qed.

End Trial.

(* zero initial state: the first term of the gradient vanishes *)
Lemma krylov_trial_zero_start n p q a (W : 'M[F]_n) (B : 'M_(n, p)) (C : 'M_(q, n)) (x : trial F n p q) T :
  (tT x <= T)%N -> th0 x = 0 ->
  (lgradW a W B C x <= krylov (step_matrix a W)^T B^T T.-1)%MS /\
  ((lgradW a W B C x)^T <= krylov (step_matrix a W) C T.-1)%MS.
Proof.
move=> leT h0; split.
  have sh : ((th0 x)^T <= (0 : 'M[F]_(0, n)))%MS by rewrite h0 trmx0 sub0mx.
  have [sG _] := krylov_trial a W B C sh leT.
  apply: submx_trans sG _; rewrite addsmx_sub submx_refl /=.
  suff /eqP-> : krylov (step_matrix a W)^T (0 : 'M[F]_(0, n)) T == 0 by rewrite sub0mx.
  by rewrite -mxrank_eq0 -leqn0 (leq_trans (rank_krylov _ _ _)) // muln0.
rewrite lgradWE; apply: colsZ; apply: cols_sum => t _.
case: (posnP t) => [t0|t0]; first by rewrite t0 lhid0 h0 trmx0 mulmx0 trmx0 sub0mx.
apply: cols_mul; apply: submx_trans (krylov_adj a W B C (ltn_ord t)) _; apply: krylovW.
rewrite subnSK //; apply: (@leq_trans (tT x).-1); first by rewrite -subn1 leq_sub2l.
by rewrite -!subn1 leq_sub2r.
Qed.

(* any number of trials of length at most T *)
Section Trials.
Variables (n p q : nat) (a : F) (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)).
Variables (M : nat) (X : nat -> trial F n p q) (T : nat).
Hypothesis leT : forall m, (m < M)%N -> (tT (X m) <= T)%N.
Let G := \sum_(m < M) lgradW a W B C (X m).

Theorem krylov_gradient h (H : 'M[F]_(h, n)) : (forall m, (m < M)%N -> ((th0 (X m))^T <= H)%MS) ->
  [/\ (G <= row_krylov a W B H T)%MS, (G^T <= column_krylov a W C T)%MS &
      (\rank G <= minn (T.-1 * p + T * h) (T * q))%N].
Proof.
move=> sh; have g (m : 'I_M) := krylov_trial a W B C (sh m (ltn_ord m)) (leT (ltn_ord m)).
have sG : (G <= row_krylov a W B H T)%MS by rewrite summx_sub // => m _; have [] := g m.
have sGt : (G^T <= column_krylov a W C T)%MS by rewrite cols_sum // => m _; have [] := g m.
split=> //; rewrite leq_min -{2}(mxrank_tr G); apply/andP; split.
  apply: leq_trans (mxrankS sG) (leq_trans (mxrank_adds_leqif _ _) _).
  by apply: leq_add; apply: rank_krylov.
exact: leq_trans (mxrankS sGt) (rank_krylov _ _ _).
Qed.

Theorem krylov_gradient_zero_start : (forall m, (m < M)%N -> th0 (X m) = 0) ->
  [/\ (G <= krylov (step_matrix a W)^T B^T T.-1)%MS, (G^T <= krylov (step_matrix a W) C T.-1)%MS &
      (\rank G <= T.-1 * minn p q)%N].
Proof.
move=> h0; have g (m : 'I_M) := krylov_trial_zero_start a W B C (leT (ltn_ord m)) (h0 m (ltn_ord m)).
have sG : (G <= krylov (step_matrix a W)^T B^T T.-1)%MS by rewrite summx_sub // => m _; have [] := g m.
have sGt : (G^T <= krylov (step_matrix a W) C T.-1)%MS by rewrite cols_sum // => m _; have [] := g m.
split=> //; rewrite minnMr leq_min -{2}(mxrank_tr G).
by rewrite (leq_trans (mxrankS sG) (rank_krylov _ _ _)) (leq_trans (mxrankS sGt) (rank_krylov _ _ _)).
Qed.
End Trials.

(* the trajectory from ARBITRARY W_0, B and C free to change from step to step *)
Theorem krylov_trajectory n p q (a : F) (c0 : nat -> F) (W : nat -> 'M[F]_n)
    (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n))
    (M : nat -> nat) (X : nat -> nat -> trial F n p q) T K :
  gd_like c0 W (fun k => \sum_(m < M k) lgradW a (W k) (B k) (C k) (X k m)) ->
  (forall k m, (m < M k)%N -> (tT (X k m) <= T)%N /\ th0 (X k m) = 0) ->
  (\rank (W K - c0 K *: W 0%N)%R <= K * (T.-1 * minn p q))%N /\
  tensor_rank_le (K * (T.-1 * minn p q)) (fun k : 'I_K.+1 => W k - c0 k *: W 0%N).
Proof.
move=> rW hyp; set r := (K * _)%N.
have rt : tensor_rank_le r (fun k : 'I_K.+1 => W k - c0 k *: W 0%N).
  apply: tensor_rank_leW (tensor_telescoping K rW).
  rewrite /r -[X in (_ <= X * _)%N]card_ord -sum_nat_const; apply: leq_sum => k _.
  have h1 m : (m < M k)%N -> (tT (X k m) <= T)%N by case/hyp.
  have h2 m : (m < M k)%N -> th0 (X k m) = 0 by case/hyp.
  by have [_ _ ->] := krylov_gradient_zero_start a (W k) (B k) (C k) h1 h2.
split=> //.
have := rank_combination_le (fun k : 'I_K.+1 => (k == ord_max)%:R) rt.
rewrite (bigD1 ord_max) //= eqxx scale1r big1 ?addr0 // => k /negPf->.
by rewrite scale0r.
Qed.
End Krylov.

(* Main results: krylov_gradient krylov_gradient_zero_start krylov_trajectory *)
