(* tensor-telescoping (checked by src/theorem/tensor_telescoping.rs)

   Under a GD-like optimizer D_k = W_k - c_k W_0 is a combination of the gradients
   so far. So, for any network and loss,
     CP rank (D_0 .. D_K) <= sum_j rank G_j,
     r3 <= min (K, dim span of the G_j),
     r1 <= dimension of the sum of the column spaces of the G_j (the errors),
     r2 <= dimension of the sum of their row spaces (the activity).
   r1 and r2 are the ranks of the slices beside and above each other.
   From h_0 = 0 with psi 0 = 0 and B fixed the first states of M trials are in all gradients,
   each by b trials of at most T steps:
     rank (W_K - c_K W_0) <= M + K b (T - 2),
   and initial states that stay, M different ones, leave T - 1 in the place of T - 2.

     increments c0 W K      the slices W_k - c_k W_0, k = 0 .. K
     slice_rows D           the sum of the row spaces of the slices (rank r2)
     beyond S r A           A has its rows in S but for a matrix of rank at most r
     rows_of h              the vectors h k as rows                             *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Telescoping.
Variables (F : fieldType) (m n : nat) (c0 : nat -> F) (W G : nat -> 'M[F]_(m, n)) (K : nat).
Hypothesis span : gd_like c0 W G.

Definition increments (k : 'I_K.+1) := W k - c0 k *: W 0%N.
Definition slice_rows m' n' (D : 'I_K.+1 -> 'M[F]_(m', n')) : 'M[F]_n' := (\sum_k <<D k>>)%MS.

Lemma increments_combination (k : 'I_K.+1) :
  exists c : {ffun 'I_K -> F}, increments k = \sum_j c j *: G j.
Proof.
have [c eW] := span k; exists [ffun j : 'I_K => if (j < k)%N then c j else 0].
rewrite /increments {1}eW addrC addKr.
rewrite (big_ord_widen K (fun j => c j *: G j) (ltn_ord k : (k <= K)%N)).
by rewrite big_mkcond; apply: eq_bigr => j _; rewrite ffunE; case: ifP => // _; rewrite scale0r.
Qed.

Theorem tensor_telescoping : tensor_rank_le (\sum_(j < K) \rank (G j)) increments.
Proof.
have c (k : 'I_K.+1) : {c : {ffun 'I_K -> F} | increments k == \sum_j c j *: G j}.
  by apply/sigW; have [c ec] := increments_combination k; exists c; apply/eqP.
apply: (@tensor_rank_le_combinations _ _ _ _ K (fun j => G j) (fun j k => sval (c k) j)) => k.
exact/eqP/(svalP (c k)).
Qed.

(* r3 *)
Theorem rank_unfolding_increments :
  (\rank (unfolding increments) <= minn K (\rank (unfolding (fun j : 'I_K => G j))))%N.
Proof.
have sub : (unfolding increments <= unfolding (fun j : 'I_K => G j))%MS.
  apply/row_subP => k; rewrite rowK; have [c ->] := increments_combination k.
  rewrite linear_sum summx_sub // => j _; rewrite linearZ scalemx_sub //.
  by have := row_sub j (unfolding (fun j : 'I_K => G j)); rewrite rowK.
by rewrite leq_min (leq_trans (mxrankS sub)) ?rank_leq_row ?mxrankS.
Qed.

(* r2 and r1 *)
Theorem rank_slice_rows : (\rank (slice_rows increments) <= \rank (row_span G K))%N.
Proof.
apply/mxrankS/sumsmx_subP => k _; rewrite genmxE.
have [sD _] := gd_like_spectral span k; apply: submx_trans sD _.
by apply: row_spanW; rewrite -ltnS.
Qed.

Theorem rank_slice_columns :
  (\rank (slice_rows (fun k => (increments k)^T)) <= \rank (row_span (tr_seq G) K))%N.
Proof.
apply/mxrankS/sumsmx_subP => k _; rewrite genmxE.
have [_ sDt] := gd_like_spectral span k; apply: submx_trans sDt _.
by apply: row_spanW; rewrite -ltnS.
Qed.
End Telescoping.

(* what has its rows in S but for a matrix of rank at most r *)
Section Beyond.
Variables (F : fieldType) (m n s : nat) (S : 'M[F]_(s, n)).

Definition beyond r (A : 'M[F]_(m, n)) := exists2 Z, (A - Z <= S)%MS & (\rank Z <= r)%N.

Lemma beyond0 : beyond 0 0.
Proof. by exists 0; rewrite ?subr0 ?sub0mx ?mxrank0. Qed.

Lemma beyondD r1 r2 A1 A2 : beyond r1 A1 -> beyond r2 A2 -> beyond (r1 + r2) (A1 + A2).
Proof.
case=> Z1 s1 k1 [Z2 s2 k2]; exists (Z1 + Z2); first by rewrite opprD addrACA addmx_sub.
exact: leq_trans (mxrank_add _ _) (leq_add k1 k2).
Qed.

Lemma beyondZ r c A : beyond r A -> beyond r (c *: A).
Proof.
case=> Z sZ kZ; exists (c *: Z); first by rewrite -scalerBr scalemx_sub.
exact: leq_trans (mxrank_scale _ _) kZ.
Qed.

Lemma beyond_sum k r (A : 'I_k -> 'M[F]_(m, n)) :
  (forall i, beyond r (A i)) -> beyond (k * r) (\sum_i A i).
Proof.
elim: k A => [|k IHk] A bA; first by rewrite big_ord0 mul0n; apply: beyond0.
by rewrite big_ord_recl mulSn; apply: beyondD (bA _) _; apply: IHk.
Qed.

Lemma beyond_rank r A : beyond r A -> (\rank A <= s + r)%N.
Proof.
case=> Z sZ kZ; rewrite -[A](subrK Z); apply: leq_trans (mxrank_add _ _) (leq_add _ kZ).
exact: leq_trans (mxrankS sZ) (rank_leq_row _).
Qed.

Definition rows_of (h : 'I_s -> 'cV[F]_n) : 'M[F]_(s, n) := \matrix_(k, i) h k i 0.

Lemma rows_of_sub (h : 'I_s -> 'cV[F]_n) k : ((h k)^T <= rows_of h)%MS.
Proof.
suff -> : (h k)^T = row k (rows_of h) by apply: row_sub.
by apply/matrixP => i l; rewrite !mxE ord1.
Qed.

Lemma rank_outer_sum k (l : nat -> 'cV[F]_m) (h : nat -> 'cV[F]_n) :
  (\rank (\sum_(t < k) l t *m (h t)^T)%R <= k)%N.
Proof.
apply: leq_trans (mxrank_sum _ _ _) _; rewrite -[k in (_ <= k)%N]card_ord -sum1_card.
by apply: leq_sum => t _; apply: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
Qed.
End Beyond.

(* The first states of M trials are the same in all gradients: h_0 = 0, psi 0 = 0, B fixed (a
   bias is an input). Gradient j is taken at any V j and Cs j, by b of the trials, which have at
   most T steps and any errors. *)
Section FirstStates.
Variables (F : fieldType) (n p q M b T : nat) (a : F) (phi psi dphi dpsi : F -> F).
Variables (B : 'M[F]_(n, p)) (u : 'I_M -> 'cV[F]_p).
Variables (V : nat -> 'M[F]_n) (Cs : nat -> 'M[F]_(q, n)).
Variables (pick : nat -> 'I_b -> 'I_M) (x : nat -> 'I_b -> trial F n p q).
Hypothesis psi0 : psi 0 = 0.
Hypothesis starts : forall j i, th0 (x j i) = 0.
Hypothesis first_inputs : forall j i, tu (x j i) 0 = u (pick j i).
Hypothesis lengths : forall j i, (tT (x j i) <= T)%N.

Let first m : 'cV[F]_n := map_mx psi (a *: map_mx phi (B *m u m)).
Let grad j i := gradW a phi psi dphi dpsi (V j) B (Cs j) (x j i).

Lemma map_psi0 : map_mx psi (0 : 'cV[F]_n) = 0.
Proof. by apply/matrixP => i k; rewrite !mxE psi0. Qed.

Lemma rate0 j i : rate a phi psi (V j) B (x j i) 0 = 0.
Proof. by rewrite /rate /= starts map_psi0. Qed.

Lemma rate1 j i : rate a phi psi (V j) B (x j i) 1 = first (pick j i).
Proof. by rewrite /rate /= starts map_psi0 scaler0 mulmx0 !add0r first_inputs. Qed.

Lemma gradient_beyond j i : beyond (rows_of first) (T - 2) (grad j i).
Proof.
rewrite /grad /gradW; apply: beyondZ; move: (lengths j i); case: (tT (x j i)) => [|[|k]] kT.
- by exists 0; rewrite ?big_ord0 ?subr0 ?sub0mx ?mxrank0.
- by exists 0; rewrite ?mxrank0 // big_ord1 rate0 trmx0 mulmx0 subr0 sub0mx.
rewrite !big_ord_recl rate0 trmx0 mulmx0 add0r rate1.
set Z := \sum_(t < k) _; exists Z; first by rewrite addrK mulmx_sub ?rows_of_sub.
have kT' : (k <= T - 2)%N by rewrite leq_subRL ?(leq_trans _ kT).
apply: leq_trans _ kT'.
exact: (rank_outer_sum _ (fun t => delta _ _ _ _ _ _ _ _ _ t.+2) (fun t => rate _ _ _ _ _ _ t.+2)).
Qed.

Theorem shared_first_states (c0 : nat -> F) (W : nat -> 'M[F]_n) K :
  gd_like c0 W (fun j => \sum_i grad j i) ->
  (\rank (W K - c0 K *: W 0%N)%R <= M + K * (b * (T - 2)))%N.
Proof.
move=> span; have [c ->] := span K; rewrite addrC addKr.
apply: (@beyond_rank _ _ _ _ (rows_of first)); apply: beyond_sum => j.
by apply: beyondZ; apply: beyond_sum => i; apply: gradient_beyond.
Qed.
End FirstStates.

(* The same of initial states that stay, one of M for each trial, whatever psi 0 is; B may move. *)
Section InitialStates.
Variables (F : fieldType) (n p q M b T : nat) (a : F) (phi psi dphi dpsi : F -> F).
Variables (h0 : 'I_M -> 'cV[F]_n).
Variables (V : nat -> 'M[F]_n) (Bs : nat -> 'M[F]_(n, p)) (Cs : nat -> 'M[F]_(q, n)).
Variables (pick : nat -> 'I_b -> 'I_M) (x : nat -> 'I_b -> trial F n p q).
Hypothesis starts : forall j i, th0 (x j i) = h0 (pick j i).
Hypothesis lengths : forall j i, (tT (x j i) <= T)%N.

Let initial m : 'cV[F]_n := map_mx psi (h0 m).
Let grad j i := gradW a phi psi dphi dpsi (V j) (Bs j) (Cs j) (x j i).

Lemma gradient_beyond_initial j i : beyond (rows_of initial) (T - 1) (grad j i).
Proof.
rewrite /grad /gradW; apply: beyondZ; move: (lengths j i); case: (tT (x j i)) => [|k] kT.
  by exists 0; rewrite ?big_ord0 ?subr0 ?sub0mx ?mxrank0.
rewrite big_ord_recl {1}/rate /= starts.
set Z := \sum_(t < k) _; exists Z; first by rewrite addrK mulmx_sub ?rows_of_sub.
have kT' : (k <= T - 1)%N by rewrite leq_subRL ?(leq_trans _ kT).
apply: leq_trans _ kT'.
exact: (rank_outer_sum _ (fun t => delta _ _ _ _ _ _ _ _ _ t.+1) (fun t => rate _ _ _ _ _ _ t.+1)).
Qed.

Theorem shared_initial_states (c0 : nat -> F) (W : nat -> 'M[F]_n) K :
  gd_like c0 W (fun j => \sum_i grad j i) ->
  (\rank (W K - c0 K *: W 0%N)%R <= M + K * (b * (T - 1)))%N.
Proof.
move=> span; have [c ->] := span K; rewrite addrC addKr.
apply: (@beyond_rank _ _ _ _ (rows_of initial)); apply: beyond_sum => j.
by apply: beyondZ; apply: beyond_sum => i; apply: gradient_beyond_initial.
Qed.
End InitialStates.

(* Main results: tensor_telescoping rank_unfolding_increments rank_slice_rows rank_slice_columns shared_first_states shared_initial_states *)
