(* gated-networks (checked by src/theorem/gated_networks.rs)

   LSTM, GRU and any network whose values are made of each other by blocks between neurons,
   by blocks into and out of them, and by entrywise functions of any number of values:
   gates, products of gates and states, slopes.
   1. Neurons that start alike, in the rows of all blocks into neurons, the columns of those
      out of them, and in rows and columns of all blocks between them, stay alike for ever
      under any optimizer that acts entry by entry (Adam), one rule for each block and step:
      each block between neurons has rank <= the number of classes.
   2. The gates of a step read the same activity: G_g = Lambda_g Phi^T for all gates g, with
      one column of Phi for each trial and time: all gates together have their rows in
      a space of dimension M T, and so have their changes, step by step.

     alike v, alike2 A  entries depend on the classes of neurons alone
     made v             a value of the network at some step of learning           *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Alike.
Variables (F : fieldType) (n r b p q : nat) (cls : 'I_n -> 'I_r).

Definition alike (v : 'cV[F]_n) := forall i i', cls i = cls i' -> v i 0 = v i' 0.
Definition alike2 (A : 'M[F]_n) := forall i i' j j', cls i = cls i' -> cls j = cls j' -> A i j = A i' j'.
Definition alike_into (B : 'M[F]_(n, p)) := forall i i' j, cls i = cls i' -> B i j = B i' j.
Definition alike_out (C : 'M[F]_(q, n)) := forall i i' j, cls i = cls i' -> C j i = C j i'.

Inductive made (V : 'I_b -> 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) : 'cV[F]_n -> Prop :=
 | FromInput u : made V B C (B *m u)
 | FromError e : made V B C (C^T *m e)
 | Image i v of made V B C v : made V B C (V i *m v)
 | Coimage i v of made V B C v : made V B C ((V i)^T *m v)
 | Entrywise m (f : ('I_m -> F) -> F) (v : 'I_m -> 'cV[F]_n) of
     (forall l, made V B C (v l)) & (forall x y, x =1 y -> f x = f y) :
     made V B C (\col_i f (fun l => v l i 0)).

Lemma made_alike V B C v : (forall i, alike2 (V i)) -> alike_into B -> alike_out C ->
  made V B C v -> alike v.
Proof.
move=> aV aB aC; elim=> {v} [u|e|g v _ av|g v _ av|m f v _ av ext] i i' ii.
- by rewrite !mxE; apply: eq_bigr => j _; rewrite (aB i i').
- by rewrite !mxE; apply: eq_bigr => j _; rewrite !mxE (aC i i').
- by rewrite !mxE; apply: eq_bigr => j _; rewrite (aV g i i' j j).
- by rewrite !mxE; apply: eq_bigr => j _; rewrite !mxE (aV g j j i i').
- by rewrite !mxE; apply: ext => l; apply: av.
Qed.

Lemma alike2_rank A : alike2 A -> (\rank A <= r)%N.
Proof.
move=> aA; pose E : 'M[F]_(r, n) := \matrix_(c, j) (cls j == c)%:R.
pose L : 'M[F]_(n, r) := \matrix_(i, c) (if [pick j | cls j == c] is Some j then A i j else 0).
suff -> : A = L *m E by apply: leq_trans (mxrankM_maxr _ _) (rank_leq_row _).
apply/matrixP => i j; rewrite mxE (bigD1 (cls j)) //= big1 ?addr0 => [|c nc].
  rewrite !mxE eqxx mulr1; case: pickP => [j' /eqP jj|/(_ j)]; last by rewrite eqxx.
  by apply: aA.
by rewrite !mxE eq_sym (negPf nc) mulr0.
Qed.

(* learning: every block has terms and a rule of its own *)
Variables (V : nat -> 'I_b -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).
Variables (terms : nat -> nat) (l h : nat -> 'I_b -> nat -> 'cV[F]_n).
Variables (lB hC : nat -> nat -> 'cV[F]_n) (u : nat -> nat -> 'cV[F]_p) (e : nat -> nat -> 'cV[F]_q).
Definition gV k g := \sum_(t < terms k) l k g t *m (h k g t)^T.
Definition gB k := \sum_(t < terms k) lB k t *m (u k t)^T.
Definition gC k := \sum_(t < terms k) e k t *m (hC k t)^T.
(* of B and C each column, or row, has a rule of its own: inputs, biases, initial states *)
Variables (fV : nat -> 'I_b -> F -> seq F -> F).
Variables (fB : nat -> 'I_p -> F -> seq F -> F) (fC : nat -> 'I_q -> F -> seq F -> F).
Hypothesis values : forall k t, [/\ forall g, made (V k) (B k) (C k) (l k g t),
  forall g, made (V k) (B k) (C k) (h k g t), made (V k) (B k) (C k) (lB k t) &
  made (V k) (B k) (C k) (hC k t)].
Hypothesis rV : forall k g i j,
  V k g i j = fV k g (V 0%N g i j) [seq fun_of_matrix (gV s g) i j | s <- iota 0 k].
Hypothesis rB : forall k i j, B k i j = fB k j (B 0%N i j) [seq gB s i j | s <- iota 0 k].
Hypothesis rC : forall k i j, C k i j = fC k i (C 0%N i j) [seq gC s i j | s <- iota 0 k].
Hypotheses (V0 : forall g, alike2 (V 0%N g)) (B0 : alike_into (B 0%N)) (C0 : alike_out (C 0%N)).

Theorem gates_alike k : [/\ forall g, alike2 (V k g), alike_into (B k), alike_out (C k) &
  forall g, (\rank (V k g) <= r)%N].
Proof.
suff main : [/\ forall g, alike2 (V k g), alike_into (B k) & alike_out (C k)].
  by have [aV aB aC] := main; split=> // g; apply: alike2_rank.
elim/ltn_ind: k => k IH.
have val s t : (s < k)%N ->
    [/\ forall g, alike (l s g t), forall g, alike (h s g t), alike (lB s t) & alike (hC s t)].
  move=> /IH[aV aB aC]; have [ml mh mB mC] := values s t.
  by split=> [g|g||]; apply: (made_alike aV aB aC).
have outerE m1 m2 (x : 'cV[F]_m1) (y : 'cV[F]_m2) i j : (x *m y^T) i j = x i 0 * y j 0.
  by rewrite mxE big_ord1 !mxE.
split=> [g i i' j j' ii jj|i i' j ii|i i' j ii];
  [rewrite (rV k g i) (rV k g i') | rewrite (rB k i) (rB k i') | rewrite (rC k j i) (rC k j i')].
- rewrite (V0 g ii jj); congr (fV k g _ _); apply/eq_in_map => s; rewrite mem_iota => /= sk.
  rewrite !summxE; apply: eq_bigr => t _; have [al ah _ _] := val s t sk.
  by rewrite !outerE (al g i i' ii) (ah g j j' jj).
- rewrite (B0 j ii); congr (fB k j _ _); apply/eq_in_map => s; rewrite mem_iota => /= sk.
  by rewrite !summxE; apply: eq_bigr => t _; have [_ _ aB _] := val s t sk; rewrite !outerE (aB i i' ii).
- rewrite (C0 j ii); congr (fC k j _ _); apply/eq_in_map => s; rewrite mem_iota => /= sk.
  by rewrite !summxE; apply: eq_bigr => t _; have [_ _ _ aC] := val s t sk; rewrite !outerE (aC i i' ii).
Qed.
End Alike.

(* all gates read the same activity *)
Section SharedRows.
Variables (F : fieldType) (n b m : nat) (L : nat -> 'I_b -> 'M[F]_(n, m)) (Phi : nat -> 'M[F]_(n, m)).
Variables (c0 : nat -> F) (V : 'I_b -> nat -> 'M[F]_n).
Let G g k := L k g *m (Phi k)^T.
Hypothesis rV : forall g, spectral c0 (V g) (G g).

Theorem gates_share_rows k (D := fun g => V g k - c0 k *: V g 0%N) :
  (\sum_g <<D g>> <= row_span (tr_seq Phi) k)%MS /\
  (\rank (\sum_g <<D g>>)%MS <= k * m)%N.
Proof.
have sub : (\sum_g <<D g>> <= row_span (tr_seq Phi) k)%MS.
  apply/sumsmx_subP => g _; rewrite genmxE; have [sD _] := rV g k; apply: submx_trans sD _.
  by apply: row_span_sub => j jk; rewrite mulmx_sub // (sub_row_span (tr_seq Phi)).
split=> //; apply: leq_trans (mxrankS sub) _.
elim: k {D sub} => [|k IHk]; first by rewrite row_span0 mxrank0.
rewrite row_spanS mulSn addnC; apply: leq_trans (mxrank_adds_leqif _ _) (leq_add IHk _).
by rewrite mxrank_gen rank_leq_row.
Qed.
End SharedRows.

(* Main results: made_alike alike2_rank gates_alike gates_share_rows *)
