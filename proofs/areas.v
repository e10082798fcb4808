(* areas (checked by src/theorem/areas.rs)

   Linear networks of R areas with inputs, outputs and initial states of their own: column j
   of B is zero outside area in_area j, row j of C outside out_area j, column j of H (the
   initial states) outside state_area j. Area x has p_x inputs, q_x outputs and h_x initial
   states, a leak of its own, W_xx = w_x I at the start and no connections between areas;
   masks and step sizes may depend on the two areas. Then the block W_xy of the connections
   from y to x has, at every step,
     rank (change of W_xy) <= min (p_x + q_x + h_x, p_y + q_y + h_y):
   what areas learn from each other passes through their own channels.
   Areas are the types of cell_types.v.                                         *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
From RankProof Require Import cell_types.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Areas.
Variables (F : fieldType) (n r : nat) (area : 'I_n -> 'I_r).

(* a matrix whose rows each live in one area *)
Lemma rank_on_area m (Z : 'M[F]_(m, n)) (of_row : 'I_m -> 'I_r) x :
  (forall i j, of_row i != area j -> Z i j = 0) ->
  (\rank (Z *m on F area x) <= #|[pred i | of_row i == x]|)%N.
Proof.
move=> own; set E := Z *m _.
have -> : E = (\sum_(i | of_row i == x) delta_mx i i) *m E.
  apply/matrixP => i j; rewrite mulmx_suml summxE.
  have rows k : (delta_mx k k *m E) i j = (i == k)%:R * E k j.
    rewrite mxE (bigD1 k) //= big1 ?addr0 => [|l nl]; first by rewrite mxE eqxx andbT.
    by rewrite mxE (negPf nl) andbF mul0r.
  under eq_bigr do rewrite rows.
  have [ix|nx] := eqVneq (of_row i) x.
    rewrite (bigD1 i) ?ix //= eqxx mul1r big1 ?addr0 // => k /andP[_ nk].
    by rewrite eq_sym (negPf nk) mul0r.
  rewrite big1 => [|k /eqP kx]; last first.
    by case: eqP => [ik|]; rewrite ?mul0r //; case/eqP: nx; rewrite ik.
  rewrite /E /on mul_mx_diag !mxE; case: eqP => [jx|]; last by rewrite mulr0.
  by rewrite own ?mul0r // jx.
apply: leq_trans (mxrankM_maxl _ _) _; apply: leq_trans (mxrank_sum _ _ _) _.
rewrite -sum1_card; apply: leq_sum => i _; by rewrite mxrank_delta.
Qed.

Variables (p q h : nat) (a : 'I_r -> F) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (H : 'M[F]_(n, h)).
Variables (in_area : 'I_p -> 'I_r) (out_area : 'I_q -> 'I_r) (state_area : 'I_h -> 'I_r).
Hypothesis own_in : forall i j, in_area j != area i -> B i j = 0.
Hypothesis own_out : forall i j, out_area j != area i -> C j i = 0.
Hypothesis own_state : forall i j, state_area j != area i -> H i j = 0.
Definition channels x := (#|[pred j | in_area j == x]| + #|[pred j | out_area j == x]| +
  #|[pred j | state_area j == x]|)%N.

Lemma rank_channels x :
  (\rank (col_mx (col_mx B^T C) H^T *m on F area x) <= channels x)%N.
Proof.
rewrite !mul_col_mx -addsmxE; apply: leq_trans (mxrank_adds_leqif _ _) _; apply: leq_add; last first.
  by apply: rank_on_area => i j ne; rewrite mxE own_state.
rewrite -addsmxE; apply: leq_trans (mxrank_adds_leqif _ _) _; apply: leq_add.
  by apply: rank_on_area => i j ne; rewrite mxE own_in.
by apply: rank_on_area => i j ne; rewrite own_out.
Qed.

Variables (mask step : 'I_r -> 'I_r -> F) (M : nat -> nat) (X : nat -> nat -> trial F n p q).
Variables (c0 : nat -> F) (V : nat -> 'M[F]_n) (v0 : 'I_r -> F).
Hypothesis rV : spectral c0 V
  (fun k => typed area step (\sum_(m < M k) tgradW area a B C (typed area mask (V k)) (X k m))).
Hypothesis V0 : V 0%N = diag_mx (\row_i v0 (area i)).
Hypothesis eh0 : forall k m, exists v, th0 (X k m) = H *m v.

Theorem areas k x y :
  (\rank (on F area x *m (V k - c0 k *: V 0%N) *m on F area y) <=
     minn (channels x) (channels y))%N.
Proof.
apply: leq_trans (type_blocks rV V0 eh0 k x y) _.
by rewrite leq_min !geq_min !rank_channels ?orbT.
Qed.
End Areas.

(* Main results: rank_on_area areas *)
