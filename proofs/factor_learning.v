(* factor-learning (checked by src/theorem/factor_learning.rs)

   Learning in factors: W = W_s + P Q^T with r columns in P and Q; their gradients are
   G Q and G^T P, where G is that of W.
   1. Linear networks, B and C fixed, GD-like on P and Q: the columns of all P_k and Q_k lie
      in every space S that W_s and its transpose keep and that contains B, C^T, h_0, P_0 and
      Q_0; so rows and columns of all P_k Q_k^T do. From W_s = w I and P_0 = 0 (LoRA):
        rank of all P_k Q_k^T side by side <= p + q + r + number of initial states,
      and from any W_s it is at most K r, as each has rank <= r.
   2. Under gradient descent P^T P - Q^T Q moves by eta^2 (Q^T G^T G Q - P^T G G^T P) and
      by nothing else, for any network.
   3. Updates that are projected (GaLore): W_{k+1} = beta_k W_k - R_i Z_k with any Z_k, Adam
      or not, and a projector R_i of r columns, another one every f + 1 steps: the columns of
      D_k lie in the sum of those used, rank D_k <= r ceil(k / (f + 1)).

     factored k         W_s + P_k Q_k^T
     side_by_side D     the sum of the row spaces of the D_k, k < K              *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates invariance.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Factors.
Variables (F : fieldType) (n p q r h : nat) (a : F) (Ws : 'M[F]_n) (cP cQ : nat -> F).
Variables (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (H : 'M[F]_(n, h)) (P Q : nat -> 'M[F]_(n, r)).
Variables (M : nat -> nat) (X : nat -> nat -> trial F n p q) (sel : nat -> nat -> 'cV[F]_h).
Definition factored k := Ws + P k *m (Q k)^T.
Let G k := \sum_(m < M k) lgradW a (factored k) B C (X k m).
Hypotheses (rP : gd_like cP P (fun k => G k *m Q k)) (rQ : gd_like cQ Q (fun k => (G k)^T *m P k)).
Hypothesis eh0 : forall k m, th0 (X k m) = H *m sel k m.

Theorem factor_space s (S : 'M[F]_(s, n)) : stable S Ws ->
  (B^T <= S)%MS -> (C <= S)%MS -> (H^T <= S)%MS -> ((P 0%N)^T <= S)%MS -> ((Q 0%N)^T <= S)%MS ->
  forall k, ((P k)^T <= S)%MS /\ ((Q k)^T <= S)%MS.
Proof.
move=> [sW sWt] sB sC sH sP sQ; elim/ltn_ind => k IH.
have sG j : (j < k)%N -> (G j <= S)%MS /\ ((G j)^T <= S)%MS.
  move=> jk; have [sPj sQj] := IH j jk; apply: sum_two_sided => m _; apply: gradW_sub.
    apply: linear_visited_inside => [|t _|t _ _]; first by rewrite eh0; apply: cols_mul.
      exact: cols_mul.
    by apply: cols_mul; rewrite trmxK.
  rewrite /factored; split; last by rewrite mulmxDr addmx_sub // mulmxA mulmx_sub.
  by rewrite linearD mulmxDr addmx_sub //= trmx_mul trmxK mulmxA mulmx_sub.
split; [apply: (gd_like_keeps_columns rP) => // j jk | apply: (gd_like_keeps_columns rQ) => // j jk];
  by apply: cols_mul; have [] := sG j jk; rewrite ?trmxK.
Qed.

Lemma rank_factors k : (\rank (P k *m (Q k)^T) <= r)%N.
Proof. exact: leq_trans (mxrankM_maxl _ _) (rank_leq_col _). Qed.

Definition side_by_side K (D : nat -> 'M[F]_n) := (\sum_(k < K) <<D k>>)%MS.

Lemma rank_side_by_side K : (\rank (side_by_side K (fun k => P k *m (Q k)^T)) <= K * r)%N.
Proof.
rewrite /side_by_side -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
elim/big_rec2: _ => [|k x D _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen rank_factors.
Qed.

(* LoRA from multiples of the identity *)
Theorem lora w (D := fun k => P k *m (Q k)^T) : Ws = w%:M -> P 0%N = 0 -> forall K,
  (\rank (side_by_side K D) <= p + q + r + h)%N /\
  (\rank (side_by_side K (fun k => (D k)^T)) <= p + q + r + h)%N.
Proof.
move=> eW P0 K; pose S := col_mx (col_mx (col_mx B^T C) (Q 0%N)^T) H^T.
have: (S <= S)%MS by []; rewrite {1}/S !col_mx_sub => /andP[/andP[/andP[sB sC] sQ] sH].
have sPQ k : ((P k)^T <= S)%MS /\ ((Q k)^T <= S)%MS.
  by apply: factor_space => //; rewrite ?eW ?P0 ?trmx0 ?sub0mx //; apply: stable_scalar.
have rS : (\rank S <= p + q + r + h)%N := rank_leq_row S.
split; apply: leq_trans (mxrankS _) rS; apply/sumsmx_subP => k _; have [sP sQ'] := sPQ k.
  by rewrite genmxE mulmx_sub.
by rewrite genmxE trmx_mul trmxK mulmx_sub.
Qed.
End Factors.

Theorem factor_balance (R : comRingType) n1 n2 r (P : 'M[R]_(n1, r)) (Q : 'M[R]_(n2, r))
    (G : 'M[R]_(n1, n2)) eta (P' := P - eta *: (G *m Q)) (Q' := Q - eta *: (G^T *m P)) :
  P'^T *m P' - Q'^T *m Q' = P^T *m P - Q^T *m Q +
    eta ^+ 2 *: ((G *m Q)^T *m (G *m Q) - (G^T *m P)^T *m (G^T *m P)).
Proof.
have sq m (A E : 'M[R]_(m, r)) : (A - eta *: E)^T *m (A - eta *: E) =
    A^T *m A - eta *: (E^T *m A + A^T *m E) + eta ^+ 2 *: (E^T *m E).
  rewrite [(_ - _)^T]linearB /= [(_ *: _)^T]linearZ /= mulmxBr !mulmxBl -!scalemxAl -!scalemxAr.
  by rewrite scalerA -expr2 scalerDr !opprD opprK !addrA.
rewrite /P' /Q' !sq scalerBr opprD addrACA; congr (_ + _); rewrite opprD addrACA opprK.
rewrite -[RHS]addr0; congr (_ + _); rewrite addrC -scalerBr !trmx_mul trmxK !mulmxA.
by rewrite [X in X - _]addrC subrr scaler0.
Qed.

(* projected updates *)
Theorem projected_updates (F : fieldType) m1 m2 r f (beta : nat -> F) (W : nat -> 'M[F]_(m1, m2))
    (R : nat -> 'M[F]_(m1, r)) (Z : nat -> 'M[F]_(r, m2)) k (d := ((k + f) %/ f.+1)%N) :
  (forall j, W j.+1 = beta j *: W j - R (j %/ f.+1)%N *m Z j) ->
  let D := W k - (\prod_(j < k) beta j) *: W 0%N in
  (D^T <= \sum_(i < d) <<(R i)^T>>)%MS /\ (\rank D <= r * d)%N.
Proof.
move=> upd D; pose S := (\sum_(i < d) <<(R i)^T>>)%MS.
have main j : (j <= k)%N -> ((W j - (\prod_(i < j) beta i) *: W 0%N)^T <= S)%MS.
  elim: j => [_|j IHj jk]; first by rewrite big_ord0 scale1r subrr trmx0 sub0mx.
  rewrite upd big_ord_recr /= [_ * beta j]mulrC -scalerA addrAC -scalerBr linearB addmx_sub //=.
    by apply: colsZ; apply: IHj; apply: ltnW.
  rewrite eqmx_opp; apply: cols_mul.
  have jd : (j %/ f.+1 < d)%N.
    have le : (j + f.+1 <= k + f)%N by rewrite addnS -addSn leq_add2r.
    by have := leq_div2r f.+1 le; rewrite divnDr // divnn addn1.
  by rewrite (sumsmx_sup (Ordinal jd)) // genmxE.
split; first exact: main.
rewrite -mxrank_tr; apply: leq_trans (mxrankS (main k (leqnn k))) _.
rewrite /S mulnC -[X in (_ <= X * _)%N]card_ord -sum_nat_const.
elim/big_rec2: _ => [|i x E _ IH]; first by rewrite mxrank0.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add // mxrank_gen rank_leq_row.
Qed.

(* Main results: factor_space rank_side_by_side lora factor_balance projected_updates *)
