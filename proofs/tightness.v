(* tightness (checked by src/theorem/tightness.rs)

   For all p, q >= 1 and over every field, some run of gradient descent on W from
   W_0 = 0, h_0 = 0, with trials of at most four steps and free errors, reaches
   rank p + q; for (p, q) <> (1, 1) the slices of some run span (p + q)^2 dimensions,
   so its CP rank is exactly (p + q)^2; for p = q = 1 three, the maximum by
   siso_reciprocity. So the bounds of invariant-subspace cannot be improved.
   With one fixed data set, full batches and squared loss: tightness_fixed_data.v.

     pulse T e u     the trial with input u at time 0 and error e at time T
     reach W0 W      W is reached from W0 by such trials, one for each step
     history xs      the unfolding of the iterates                             *)
From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Local Arguments lhid : simpl never.
Local Arguments ladj : simpl never.

Section Tight.
Variables (F : fieldType) (p' q' : nat).
Local Notation p := p'.+1.
Local Notation q := q'.+1.
Local Notation n := (p + q)%N.
Definition tB : 'M[F]_(n, p) := col_mx 1%:M 0.
Definition tC : 'M[F]_(q, n) := row_mx 0 1%:M.
Local Notation grad W x := (lgradW 1 W tB tC x).

(* stochastic gradient descent, one trial per step, learning rate 1 *)
Definition sgd (W0 : 'M[F]_n) (xs : seq (trial F n p q)) : 'M[F]_n :=
  foldl (fun W x => W - grad W x) W0 xs.
Definition legal (x : trial F n p q) := (th0 x == 0) && (tT x <= 4)%N.
Definition reach W0 W := exists2 xs, all legal xs & sgd W0 xs = W.

Lemma reach0 W0 : reach W0 W0. Proof. by exists [::]. Qed.
Lemma reachS W0 W x : reach W0 W -> legal x -> reach W0 (W - grad W x).
Proof.
move=> [xs h0 <-] hx; exists (rcons xs x); last by rewrite /sgd foldl_rcons.
by rewrite all_rcons hx.
Qed.

(* pulse at time 0, error at the last time T = 2 or 3 *)
Definition pulse T (e : 'cV[F]_q) (u : 'cV[F]_p) : trial F n p q :=
  Trial T 0 (fun t => if t == 0%N then u else 0) (fun t => if t == T then e else 0).

Lemma pulse_legal T e u : (T <= 4)%N -> legal (pulse T e u).
Proof. by rewrite /legal eqxx. Qed.

Lemma pulse_h1 W T e u : lhid 1 W tB (pulse T e u) 1 = tB *m u.
Proof. by rewrite lhidS lhid0 subrr !scale0r add0r scale1r mulmx0 add0r. Qed.

Lemma pulse2 W e u : grad W (pulse 2 e u) = tC^T *m e *m u^T *m tB^T.
Proof.
rewrite lgradWE scale1r (_ : tT (pulse 2 e u) = 2%N) // !big_ord_recr big_ord0 /= add0r.
rewrite lhid0 trmx0 mulmx0 add0r pulse_h1 (ladjT 1 W tB tC (pulse 2 e u)) /=.
by rewrite trmx_mul !mulmxA.
Qed.

Lemma pulse3 W e u : grad W (pulse 3 e u) =
  W^T *m (tC^T *m e *m u^T *m tB^T) + tC^T *m e *m u^T *m tB^T *m W^T.
Proof.
have h2 : lhid 1 W tB (pulse 3 e u) 2 = W *m (tB *m u).
  by rewrite lhidS pulse_h1 subrr !scale0r add0r scale1r /= mulmx0 addr0.
have l3 : ladj 1 W tB tC (pulse 3 e u) 3 = tC^T *m e by rewrite (ladjT 1 W tB tC (pulse 3 e u)).
have l2 : ladj 1 W tB tC (pulse 3 e u) 2 = W^T *m (tC^T *m e).
  by rewrite ladjS //= l3 subrr scale0r mulmx0 !add0r scale1r.
rewrite lgradWE scale1r (_ : tT (pulse 3 e u) = 3%N) // !big_ord_recr big_ord0 /= add0r.
by rewrite lhid0 trmx0 mulmx0 add0r pulse_h1 h2 l2 l3 !trmx_mul !mulmxA.
Qed.

Lemma pulse4 W e u (E := tC^T *m e *m u^T *m tB^T) : grad W (pulse 4 e u) =
  W^T *m (W^T *m E) + W^T *m E *m W^T + E *m W^T *m W^T.
Proof.
have h2 : lhid 1 W tB (pulse 4 e u) 2 = W *m (tB *m u).
  by rewrite lhidS pulse_h1 subrr !scale0r add0r scale1r /= mulmx0 addr0.
have h3 : lhid 1 W tB (pulse 4 e u) 3 = W *m (W *m (tB *m u)).
  by rewrite lhidS h2 subrr !scale0r add0r scale1r /= mulmx0 addr0.
have l4 : ladj 1 W tB tC (pulse 4 e u) 4 = tC^T *m e by rewrite (ladjT 1 W tB tC (pulse 4 e u)).
have l3 : ladj 1 W tB tC (pulse 4 e u) 3 = W^T *m (tC^T *m e).
  by rewrite ladjS //= l4 subrr scale0r mulmx0 !add0r scale1r.
have l2 : ladj 1 W tB tC (pulse 4 e u) 2 = W^T *m (W^T *m (tC^T *m e)).
  by rewrite ladjS //= l3 subrr scale0r mulmx0 !add0r scale1r.
rewrite lgradWE scale1r (_ : tT (pulse 4 e u) = 4%N) // /E.
have := pulse_h1 W 4 e u; have : lhid 1 W tB (pulse 4 e u) 0 = 0 by [].
move: (lhid 1 W tB (pulse 4 e u)) (ladj 1 W tB tC (pulse 4 e u)) h2 h3 l2 l3 l4.
move=> h l h2 h3 l2 l3 l4 h0 h1; rewrite !big_ord_recr big_ord0 /= add0r.
rewrite h0 h1 h2 h3 l2 l3 l4 trmx0 mulmx0 add0r; move: tB tC => B C.
by rewrite !trmx_mul !mulmxA.
Qed.

(* in blocks *)
Lemma tCeB (E : 'M_(q, p)) : tC^T *m E *m tB^T = block_mx 0 0 E 0.
Proof.
rewrite /tC /tB tr_row_mx tr_col_mx !trmx0 !trmx1 mul_col_mx mul0mx mul1mx mul_col_row.
by rewrite !mul0mx mulmx1 mulmx0.
Qed.

Section Moves.
Implicit Types (P : 'M[F]_p) (Q : 'M[F]_q) (R : 'M[F]_(q, p)) (Z : 'M[F]_(p, q)).
Variable W0 : 'M[F]_n.
Implicit Types (e : 'cV[F]_q) (u : 'cV[F]_p).

Lemma move2 P Z R Q e u : reach W0 (block_mx P Z R Q) ->
  reach W0 (block_mx P Z (R + e *m u^T) Q).
Proof.
move=> rW; have := reachS rW (pulse_legal (- e) u (isT : (2 <= 4)%N)).
rewrite pulse2 -(mulmxA _ (- e)) tCeB opp_block_mx add_block_mx !oppr0 !addr0.
by rewrite mulNmx opprK.
Qed.

Lemma move3 P R Q e u : reach W0 (block_mx P 0 R Q) ->
  reach W0 (block_mx (P + R^T *m (e *m u^T)) 0
           (R + (Q^T *m e) *m u^T + e *m (P *m u)^T) (Q + e *m u^T *m R^T)).
Proof.
move=> rW; have := reachS rW (pulse_legal (- e) u (isT : (3 <= 4)%N)).
rewrite pulse3 -(mulmxA _ (- e)) tCeB tr_block_mx trmx0 !mulmx_block.
rewrite !(mul0mx, mulmx0, add0r, addr0) add_block_mx opp_block_mx add_block_mx.
rewrite !(mul0mx, mulmx0, add0r, addr0, subr0, oppr0) !mulNmx !mulmxN !opprK opprD !opprK.
by rewrite trmx_mul !mulmxA addrA.
Qed.

(* one elementary move: adds y' y^T <x', x> to P and x x'^T <y, y'> to Q *)
Lemma move P Q (x x' : 'cV_q) (y y' : 'cV_p) : reach W0 (block_mx P 0 0 Q) ->
  reach W0 (block_mx (P + y' *m (x'^T *m x) *m y^T) 0 0 (Q + x *m (y^T *m y') *m x'^T)).
Proof.
move=> rW; have := move3 x y (move2 x' y' rW); rewrite add0r => rW1.
have := move2 (- x) (P *m y) (move2 (- (Q^T *m x)) y (move2 (- x') y' rW1)).
rewrite !mulNmx trmx_mul !trmxK.
set A := x' *m y'^T; set A1 := Q^T *m x *m y^T; set A2 := x *m (P *m y)^T.
have -> : A + A1 + A2 - A - A1 - A2 = 0 by rewrite -!addrA -!opprD !addrA subrr.
by rewrite !mulmxA.
Qed.

Lemma moveE P Q (i i' : 'I_q) (j j' : 'I_p) : reach W0 (block_mx P 0 0 Q) ->
  reach W0 (block_mx (P + delta_mx j' j *+ (i' == i)) 0 0 (Q + delta_mx i i' *+ (j == j'))).
Proof.
move=> rW; have := move (delta_mx i 0) (delta_mx i' 0) (delta_mx j 0) (delta_mx j' 0) rW.
rewrite !trmx_delta !mul_delta_mx_cond.
have e m (k k' : 'I_m) (b : bool) : delta_mx k (0 : 'I_1) *m (delta_mx 0 0 *+ b) *m delta_mx 0 k' =
    delta_mx k k' *+ b :> 'M[F]_m.
  by case: b; rewrite ?mulr1n ?mulr0n ?mulmx0 ?mul0mx // !mul_delta_mx.
by rewrite !e.
Qed.

Lemma moveN P Q (i i' : 'I_q) (j j' : 'I_p) : reach W0 (block_mx P 0 0 Q) ->
  reach W0 (block_mx (P - delta_mx j' j *+ (i' == i)) 0 0 (Q - delta_mx i i' *+ (j == j'))).
Proof.
move=> rW; have := move (- delta_mx i 0) (delta_mx i' 0) (delta_mx j 0) (delta_mx j' 0) rW.
rewrite !trmx_delta !mulmxN !mulNmx !mul_delta_mx_cond.
have e m (k k' : 'I_m) (b : bool) : delta_mx k (0 : 'I_1) *m (delta_mx 0 0 *+ b) *m delta_mx 0 k' =
    delta_mx k k' *+ b :> 'M[F]_m.
  by case: b; rewrite ?mulr1n ?mulr0n ?mulmx0 ?mul0mx // !mul_delta_mx.
by rewrite !e.
Qed.

(* the block R can be set freely *)
Lemma moveR P Z R Q R' : reach W0 (block_mx P Z R Q) -> reach W0 (block_mx P Z R' Q).
Proof.
move=> rW; pose a (ij : 'I_q * 'I_p) := (R' - R) ij.1 ij.2.
have main (r : seq ('I_q * 'I_p)) :
    reach W0 (block_mx P Z (R + \sum_(ij <- r) a ij *: delta_mx ij.1 ij.2) Q).
  elim: r => [|[i j] r IHr]; first by rewrite big_nil addr0.
  have := move2 (a (i, j) *: delta_mx i 0) (delta_mx j 0) IHr.
  by rewrite trmx_delta -scalemxAl mul_delta_mx big_cons -addrA [X in R + X]addrC.
have := main (enum {: 'I_q * 'I_p}); rewrite big_enum /=.
rewrite -(pair_bigA _ (fun i j => (R' - R) i j *: delta_mx i j)) /= -matrix_sum_delta.
by rewrite addrC subrK.
Qed.

(* pulses of length 4 *)
Lemma move4 P Q R e u (E := e *m u^T) : reach W0 (block_mx P 0 R Q) ->
  reach W0 (block_mx (P + ((P^T *m R^T + R^T *m Q^T) *m E + R^T *m E *m P^T))
                     (R^T *m E *m R^T) 0
                     (Q + (E *m (P^T *m R^T + R^T *m Q^T) + Q^T *m E *m R^T))).
Proof.
move=> rW; have := reachS rW (pulse_legal (- e) u (isT : (4 <= 4)%N)).
rewrite pulse4 -(mulmxA _ (- e)) tCeB tr_block_mx trmx0 !mulmx_block.
rewrite !(mul0mx, mulmx0, add0r, addr0) !add_block_mx opp_block_mx add_block_mx.
rewrite !(mul0mx, mulmx0, add0r, addr0, subr0, oppr0) mulNmx -/E => /(@moveR _ _ _ _ 0); clearbody E.
rewrite !mulmxN !mulNmx -!opprD !opprK mulmxDl mulmxDr !mulmxA.
by rewrite [Q^T *m E *m R^T + _]addrC.
Qed.

Lemma move4Z Z R e u (E := e *m u^T) : reach W0 (block_mx 0 Z R 0) ->
  reach W0 (block_mx 0 (Z + R^T *m E *m R^T) 0 0).
Proof.
move=> rW; have := reachS rW (pulse_legal (- e) u (isT : (4 <= 4)%N)).
rewrite pulse4 -(mulmxA _ (- e)) tCeB tr_block_mx !trmx0 !mulmx_block.
rewrite !(mul0mx, mulmx0, add0r, addr0) !add_block_mx opp_block_mx add_block_mx.
rewrite !(mul0mx, mulmx0, add0r, addr0, subr0, oppr0) mulNmx -/E => /(@moveR _ _ _ _ 0); clearbody E.
by rewrite mulmxN mulNmx opprK.
Qed.

Lemma moveZ Z (i : 'I_q) (j : 'I_p) : reach W0 (block_mx 0 Z 0 0) ->
  reach W0 (block_mx 0 (Z + delta_mx j i) 0 0) /\ reach W0 (block_mx 0 (Z - delta_mx j i) 0 0).
Proof.
move=> /(@moveR _ _ _ _ (delta_mx i j)) rW; split.
  have := move4Z (delta_mx i 0) (delta_mx j 0) rW.
  by rewrite !trmx_delta !mul_delta_mx.
have := move4Z (- delta_mx i 0) (delta_mx j 0) rW.
by rewrite !trmx_delta mulNmx mulmxN mulNmx !mul_delta_mx.
Qed.

Lemma moveQ P Q (r : seq ('I_q * 'I_q)) : all (fun ij => ij.1 != ij.2) r ->
  reach W0 (block_mx P 0 0 Q) ->
  reach W0 (block_mx P 0 0 (Q + \sum_(ij <- r) delta_mx ij.1 ij.2)).
Proof.
elim: r Q => [|[i j] r IHr] Q /=; first by rewrite big_nil addr0.
case/andP=> ne ar rW; rewrite big_cons addrA; apply: IHr => //=.
have := moveE i j 0 0 rW; rewrite eqxx [j == i]eq_sym (negPf ne).
by rewrite mulr0n mulr1n addr0.
Qed.

Lemma moveP P Q (r : seq ('I_p * 'I_p)) : all (fun ij => ij.1 != ij.2) r ->
  reach W0 (block_mx P 0 0 Q) ->
  reach W0 (block_mx (P + \sum_(ij <- r) delta_mx ij.1 ij.2) 0 0 Q).
Proof.
elim: r P => [|[i j] r IHr] P /=; first by rewrite big_nil addr0.
case/andP=> ne ar rW; rewrite big_cons addrA; apply: IHr => //=.
have := moveE 0 0 j i rW; rewrite eqxx [j == i]eq_sym (negPf ne).
by rewrite mulr0n mulr1n addr0.
Qed.
End Moves.

Lemma unit_cycle m : exists2 r : seq ('I_m.+1 * 'I_m.+1), all (fun ij => ij.1 != ij.2) r &
  (delta_mx 0 0 + \sum_(ij <- r) delta_mx ij.1 ij.2 : 'M[F]_m.+1) \in unitmx.
Proof.
case: m => [|m].
  exists [::] => //; rewrite big_nil addr0.
  suff -> : delta_mx 0 0 = 1%:M :> 'M[F]_1 by exact: unitmx1.
  by apply/matrixP=> i j; rewrite !mxE !ord1.
have ne (i : 'I_m.+2) : i != i + 1 by rewrite eq_sym -subr_eq0 addrC addKr oner_eq0.
exists [seq (i, i + 1) | i <- enum 'I_m.+2].
  by apply/allP=> ij /mapP[i _ ->]; apply: ne.
rewrite big_map big_enum /=; pose s := perm (addIr (1 : 'I_m.+2)).
have -> : \sum_(i : 'I_m.+2) delta_mx i (i + 1) = perm_mx s :> 'M[F]_m.+2.
  apply/matrixP=> i j; rewrite summxE (bigD1 i) //= big1 ?addr0 => [|k /negPf nk].
    by rewrite !mxE eqxx permE eq_sym.
  by rewrite !mxE eq_sym nk.
have -> : delta_mx 0 0 + perm_mx s = (1%:M + delta_mx 0 (- 1)) *m perm_mx s :> 'M[F]_m.+2.
  rewrite mulmxDl mul1mx addrC; congr (_ + _); apply/matrixP=> i j.
  rewrite !mxE (bigD1 (- 1)) //= big1 ?addr0 => [|k /negPf nk].
    by rewrite !mxE eqxx permE addNr andbT -natrM mulnb eq_sym [0 == j]eq_sym.
  by rewrite !mxE nk andbF mul0r.
rewrite unitmx_mul unitmx_perm andbT.
suff /mulmx1_unit[] : (1%:M + delta_mx 0 (- 1)) *m (1%:M - delta_mx 0 (- 1)) = 1%:M :> 'M[F]_m.+2 by [].
have n0 : (-1 : 'I_m.+2) != 0 by rewrite oppr_eq0 oner_eq0.
by rewrite mulmxBr mulmx1 mulmxDl mul1mx mul_delta_mx_0 // addr0 addrK.
Qed.

Theorem reach_full_rank : exists2 W, reach 0 W & \rank W = n.
Proof.
have [rp ap up] := unit_cycle p'; have [rq aq uq] := unit_cycle q'.
have r0 : reach 0 (block_mx (delta_mx 0 0) 0 0 (delta_mx 0 0)).
  have := @moveE 0 0 0 0 0 0 0; rewrite !eqxx !mulr1n !add0r; apply.
  by rewrite block_mx0; apply: reach0.
have := moveP ap (moveQ aq r0); set P := _ + _; set Q := _ + _ => rW.
exists (block_mx P 0 0 Q) => //; apply: mxrank_unit.
by rewrite unitmxE det_ublock unitrM -!unitmxE up.
Qed.

(* one run through many weights *)
Lemma sgd_cat W0 x1 x2 : sgd W0 (x1 ++ x2) = sgd (sgd W0 x1) x2.
Proof. exact: foldl_cat. Qed.

Lemma reach_trans W0 W1 W2 : reach W0 W1 -> reach W1 W2 -> reach W0 W2.
Proof.
move=> [x1 l1 <-] [x2 l2 <-]; exists (x1 ++ x2); first by rewrite all_cat l1.
exact: sgd_cat.
Qed.

Lemma tour (bs : seq 'M[F]_n) W : (forall b, b \in bs -> reach 0 b /\ reach b 0) -> reach 0 W ->
  exists xs, [/\ all legal xs, sgd 0 xs = W &
    forall b, b \in bs -> exists2 k, (k <= size xs)%N & sgd 0 (take k xs) = b].
Proof.
move=> loops [ys lys eW]; elim: bs loops => [|b bs IH] loops; first by exists ys.
have [|xs [lxs exs vxs]] := IH; first by move=> c cb; apply: loops; rewrite in_cons cb orbT.
have [[x1 l1 e1] [x2 l2 e2]] := loops b (mem_head _ _).
have e12 : sgd 0 (x1 ++ x2) = 0 by rewrite sgd_cat e1.
exists ((x1 ++ x2) ++ xs); split; first by rewrite !all_cat l1 l2.
  by rewrite sgd_cat e12.
move=> c; rewrite in_cons => /orP[/eqP->|/vxs[k kx ek]].
  by exists (size x1); rewrite ?size_cat -?addnA ?leq_addr // -catA take_size_cat.
exists (size (x1 ++ x2) + k)%N; first by rewrite [X in (_ <= X)%N]size_cat leq_add2l.
rewrite take_cat ltnNge leq_addr /= addKn.
by rewrite sgd_cat e12.
Qed.

Let r00 : reach 0 (block_mx 0 0 0 0). Proof. by rewrite block_mx0; apply: reach0. Qed.

Lemma loopR R : reach 0 (block_mx 0 0 R 0) /\ reach (block_mx 0 0 R 0) 0.
Proof.
split; first exact: moveR r00.
by have := moveR 0 (reach0 (block_mx 0 0 R 0)); rewrite block_mx0.
Qed.

Lemma loopZ (i : 'I_q) (j : 'I_p) (b := block_mx 0 (delta_mx j i) 0 0 : 'M[F]_n) :
  reach 0 b /\ reach b 0.
Proof.
split; first by have [] := moveZ i j r00; rewrite add0r.
by have [_] := moveZ i j (reach0 b); rewrite subrr block_mx0.
Qed.

Definition bD (i i' : 'I_q) (j j' : 'I_p) : 'M[F]_n :=
  block_mx (delta_mx j' j *+ (i' == i)) 0 0 (delta_mx i i' *+ (j == j')).

Lemma loopD i i' j j' : reach 0 (bD i i' j j') /\ reach (bD i i' j j') 0.
Proof.
split; first by have := moveE i i' j j' r00; rewrite !add0r.
by have := moveN i i' j j' (reach0 (bD i i' j j')); rewrite !subrr block_mx0.
Qed.

Lemma sub_abc (V : zmodType) (a b c : V) : a + (b + c) - b - a = c.
Proof. by rewrite addrC addrA addKr addrC addKr. Qed.

(* the trace of the two diagonal blocks decouples as soon as p > 1 or q > 1 *)
Lemma decoupleQ (i : 'I_q) : i != 0 -> reach 0 (block_mx 0 0 0 (delta_mx i i)).
Proof.
move=> ni; have := moveE 0 i 0 0 r00.
rewrite (negPf ni) eqxx mulr0n mulr1n !add0r => /(@moveR _ _ _ _ _ (delta_mx i 0)).
move/(move4 (delta_mx 0 0) (delta_mx 0 0)).
rewrite !trmx_delta !trmx0 !(mul0mx, mulmx0, add0r, addr0) !mul_delta_mx mul_delta_mx_0 // mul0mx.
move/(moveN 0 0 0 0)/(moveN 0 i 0 0).
by rewrite (negPf ni) !eqxx mulr0n !mulr1n subrr subr0 sub_abc.
Qed.

Lemma decoupleP (j : 'I_p) : j != 0 -> reach 0 (block_mx 0 0 0 (- delta_mx 0 0)).
Proof.
move=> nj; have := moveE 0 0 0 j r00.
rewrite [0 == j]eq_sym (negPf nj) eqxx mulr0n mulr1n !add0r => /(@moveR _ _ _ _ _ (delta_mx 0 j)).
move/(move4 (delta_mx 0 0) (delta_mx 0 0)).
rewrite !trmx_delta !trmx0 !(mul0mx, mulmx0, add0r, addr0) !mul_delta_mx.
rewrite mul_delta_mx_0 1?eq_sym //.
move/(moveN 0 0 0 0)/(moveN 0 0 0 j)/(moveN 0 0 j j).
by rewrite [0 == j]eq_sym (negPf nj) !eqxx mulr0n !mulr1n sub_abc !subrr ?subr0 sub0r.
Qed.

(* what the looped weights span *)
Section SpanAll.
Variables (k : nat) (V : 'M[F]_(k, n * n)).
Definition inV (D : 'M[F]_n) := (mxvec D <= V)%MS.
Lemma inVD D E : inV D -> inV E -> inV (D + E).
Proof. by rewrite /inV linearD; apply: addmx_sub. Qed.
Lemma inVZ c D : inV D -> inV (c *: D).
Proof. by rewrite /inV linearZ; apply: scalemx_sub. Qed.
Lemma inVB D E : inV D -> inV E -> inV (D - E).
Proof. by move=> iD iE; apply: inVD; rewrite // -scaleN1r; apply: inVZ. Qed.
Lemma inV0 : inV 0. Proof. by rewrite /inV linear0 sub0mx. Qed.

(* a linear map given on matrix units *)
Lemma inV_units m1 m2 (f : {linear 'M[F]_(m1, m2) -> 'M[F]_n}) :
  (forall i j, inV (f (delta_mx i j))) -> forall D, inV (f D).
Proof.
move=> fd D; rewrite [D]matrix_sum_delta linear_sum.
elim/big_ind: _ => [||i _]; [exact: inV0 | exact: inVD | rewrite linear_sum].
elim/big_ind: _ => [||j _]; [exact: inV0 | exact: inVD | rewrite linearZ].
exact: inVZ.
Qed.

Fact ul_linear : linear (fun P : 'M[F]_p => block_mx P 0 0 0 : 'M[F]_n).
Proof. by move=> c P P'; rewrite scale_block_mx add_block_mx !scaler0 !addr0. Qed.
Fact ur_linear : linear (fun Z : 'M[F]_(p, q) => block_mx 0 Z 0 0 : 'M[F]_n).
Proof. by move=> c P P'; rewrite scale_block_mx add_block_mx !scaler0 !addr0. Qed.
Fact dr_linear : linear (fun Q : 'M[F]_q => block_mx 0 0 0 Q : 'M[F]_n).
Proof. by move=> c P P'; rewrite scale_block_mx add_block_mx !scaler0 !addr0. Qed.

Hypotheses (vR : forall R, inV (block_mx 0 0 R 0)).
Hypothesis vZ : forall (i : 'I_q) (j : 'I_p), inV (block_mx 0 (delta_mx j i) 0 0).
Hypothesis vD : forall i i' j j', inV (bD i i' j j').

Lemma inV_full i0 : inV (block_mx 0 0 0 (delta_mx i0 i0)) -> forall D, inV D.
Proof.
move=> v0.
have vP j j' : inV (block_mx (delta_mx j' j) 0 0 0).
  have := vD i0 i0 j j'; rewrite /bD eqxx mulr1n; case: (j == j') => [v|]; last by rewrite mulr0n.
  by have := inVB v v0; rewrite opp_block_mx add_block_mx mulr1n !subrr !subr0.
have vQ i i' : inV (block_mx 0 0 0 (delta_mx i i')).
  have := vD i i' 0 0; rewrite /bD eqxx mulr1n; case: (i' == i) => [v|]; last by rewrite mulr0n.
  by have := inVB v (vP 0 0); rewrite opp_block_mx add_block_mx mulr1n !subrr !subr0.
move=> D; have -> : D = block_mx (ulsubmx D) 0 0 0 + block_mx 0 (ursubmx D) 0 0 +
    (block_mx 0 0 (dlsubmx D) 0 + block_mx 0 0 0 (drsubmx D)).
  by rewrite !add_block_mx !(addr0, add0r) submxK.
apply: inVD; apply: inVD => //.
- by apply: (inV_units (f := Linear ul_linear)) => i j; apply: vP.
- by apply: (inV_units (f := Linear ur_linear)) => i j; apply: vZ.
- by apply: (inV_units (f := Linear dr_linear)) => i j; apply: vQ.
Qed.

Lemma inV_rank : (forall D, inV D) -> \rank V = (n * n)%N.
Proof.
move=> vall; apply/eqP; rewrite eqn_leq rank_leq_col -{1}(mxrank1 F (n * n)) mxrankS //.
by apply/row_subP => i; rewrite -[row i _]vec_mxK; apply: vall.
Qed.
End SpanAll.

(* a finite list of loops *)
Definition loop_list : seq 'M[F]_n :=
  [seq block_mx 0 0 (delta_mx ij.1 ij.2) 0 | ij <- enum {: 'I_q * 'I_p}] ++
  [seq block_mx 0 (delta_mx ij.2 ij.1) 0 0 | ij <- enum {: 'I_q * 'I_p}] ++
  [seq bD t.1.1 t.1.2 t.2.1 t.2.2 | t <- enum {: ('I_q * 'I_q) * ('I_p * 'I_p)}].

Lemma loop_listP b : b \in loop_list -> reach 0 b /\ reach b 0.
Proof.
rewrite !mem_cat => /or3P[] /mapP[t _ ->]; [exact: loopR | exact: loopZ | exact: loopD].
Qed.

(* the loops span everything but one dimension *)
Lemma inV_loops k (V : 'M[F]_(k, n * n)) (i0 : 'I_q) : (forall b, b \in loop_list -> inV V b) ->
  inV V (block_mx 0 0 0 (delta_mx i0 i0)) -> \rank V = (n * n)%N.
Proof.
move=> vb v0.
have vR0 i j : inV V (block_mx 0 0 (delta_mx i j) 0).
  by apply: vb; rewrite mem_cat (map_f (fun ij => block_mx 0 0 (delta_mx ij.1 ij.2) 0) (_ : (i, j) \in _)) ?mem_enum.
have dl_linear : linear (fun R : 'M[F]_(q, p) => block_mx 0 0 R 0 : 'M[F]_n).
  by move=> c P P'; rewrite scale_block_mx add_block_mx !scaler0 !addr0.
apply: inV_rank; apply: (inV_full _ _ _ v0) => [R|i j|i i' j j'].
- exact: (inV_units (f := Linear dl_linear)).
- by apply: vb; rewrite !mem_cat (map_f (fun ij => block_mx 0 (delta_mx ij.2 ij.1) 0 0) (_ : (i, j) \in _)) ?mem_enum ?orbT.
- by apply: vb; rewrite !mem_cat (map_f (fun t => bD t.1.1 t.1.2 t.2.1 t.2.2) (_ : ((i, i'), (j, j')) \in _)) ?mem_enum ?orbT.
Qed.

Definition history xs := \matrix_(k < (size xs).+1) mxvec (sgd 0 (take k xs)).

Lemma run_span W : reach 0 W -> exists2 xs, all legal xs &
  inV (history xs) W /\ forall b, b \in loop_list -> inV (history xs) b.
Proof.
move=> rW; have [xs [lxs exs vis]] := tour loop_listP rW; exists xs => //.
have inh k : (k <= size xs)%N -> inV (history xs) (sgd 0 (take k xs)).
  move=> kx; have := row_sub (Ordinal (kx : (k < (size xs).+1)%N)) (history xs).
  by rewrite rowK.
split=> [|b /vis[k kx <-]]; last exact: inh.
by rewrite -exs; have := inh _ (leqnn _); rewrite take_size.
Qed.

Lemma history_full : (0 < p')%N || (0 < q')%N -> exists2 xs, all legal xs &
  \rank (history xs) = (n * n)%N.
Proof.
case: (posnP q') => [_ /= p0|q0 _].
  have nj : (ord_max : 'I_p) != 0 by rewrite -val_eqE /= -lt0n; case: (p') p0.
  have [xs lxs [v0 vb]] := run_span (decoupleP nj); exists xs => //.
  apply: (inV_loops (i0 := 0)) => //; have := inVZ (- 1) v0.
  by rewrite scaleN1r opp_block_mx opprK !oppr0.
have ni : (ord_max : 'I_q) != 0 by rewrite -val_eqE /= -lt0n.
have [xs lxs [v0 vb]] := run_span (decoupleQ ni); exists xs => //.
exact: inV_loops vb v0.
Qed.

Lemma history_almost : exists2 xs, all legal xs & (n * n <= (\rank (history xs)).+1)%N.
Proof.
have [xs lxs [_ vb]] := run_span (reach0 0); exists xs => //.
pose v := mxvec (block_mx 0 0 0 (delta_mx 0 0) : 'M[F]_n).
have vb' b : b \in loop_list -> inV (col_mx (history xs) v) b.
  by move/vb=> ib; apply: submx_trans ib _; rewrite -addsmxE addsmxSl.
have v0 : inV (col_mx (history xs) v) (block_mx 0 0 0 (delta_mx 0 0)).
  by rewrite /inV -addsmxE addsmxSr.
apply: (@leq_trans (\rank (col_mx (history xs) v))); first by rewrite (inV_loops vb' v0).
rewrite -addsmxE -[(\rank (history xs)).+1]addn1.
by apply: leq_trans (mxrank_adds_leqif _ _) _; rewrite leq_add2l rank_leq_row.
Qed.
End Tight.

(* the statements in the form of the upper bounds *)
Definition sgd_run (F : fieldType) n p q (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n))
    (W : nat -> 'M[F]_n) :=
  W 0%N = 0 /\ exists (eta : nat -> F) (X : nat -> trial F n p q),
  (forall k, th0 (X k) = 0 /\ (tT (X k) <= 4)%N) /\
  (forall k, W k.+1 = W k - eta k *: lgradW 1 (W k) B C (X k)).

Lemma sgd_runP (F : fieldType) p' q' xs : all (@legal F p' q') xs ->
  sgd_run (tB F p' q') (tC F p' q') (fun k => sgd 0 (take k xs)).
Proof.
move=> lxs; split; first by rewrite take0.
pose x0 : trial F (p'.+1 + q'.+1) p'.+1 q'.+1 := Trial 0 0 (fun=> 0) (fun=> 0).
exists (fun k => (k < size xs)%:R), (nth x0 xs); split=> k.
  have [lt|ge] := ltnP k (size xs); last by rewrite nth_default.
  by have /andP[/eqP-> ->] := all_nthP x0 lxs k lt.
have [lt|ge] := ltnP k (size xs); last by rewrite !take_oversize ?scale0r ?subr0 // ltnW.
by rewrite (take_nth x0) // /sgd foldl_rcons scale1r.
Qed.

Theorem tightness_rank (F : fieldType) p q : (0 < p)%N -> (0 < q)%N ->
  exists (B : 'M[F]_(p + q, p)) (C : 'M[F]_(q, p + q)) (W : nat -> 'M[F]_(p + q)) (K : nat),
  sgd_run B C W /\ \rank (W K) = (p + q)%N.
Proof.
case: p q => [//|p'] [//|q'] _ _; have [_ [xs lxs <-] rW] := reach_full_rank F p' q'.
exists (tB F p' q'), (tC F p' q'), (fun k => sgd 0 (take k xs)), (size xs).
by split; [exact: sgd_runP | rewrite take_size].
Qed.

(* the unfolding has full rank (p + q)^2 and no smaller tensor rank is possible *)
Theorem tightness_tensor_rank (F : fieldType) p q : (0 < p)%N -> (0 < q)%N -> (1 < p)%N || (1 < q)%N ->
  exists (B : 'M[F]_(p + q, p)) (C : 'M[F]_(q, p + q)) (W : nat -> 'M[F]_(p + q)) (K : nat),
  [/\ sgd_run B C W,
      \rank (unfolding (fun k : 'I_K => W k)) = ((p + q) * (p + q))%N &
      forall r, tensor_rank_le r (fun k : 'I_K => W k) -> ((p + q) * (p + q) <= r)%N].
Proof.
case: p q => [//|p'] [//|q'] _ _ pq; have [xs lxs rV] := history_full F (pq : (0 < p')%N || (0 < q')%N).
exists (tB F p' q'), (tC F p' q'), (fun k => sgd 0 (take k xs)), (size xs).+1.
split; [exact: sgd_runP | exact: rV | by move=> r /rank_unfolding_le; rewrite rV].
Qed.

(* p = q = 1: three dimensions, the maximum by siso_reciprocity.siso_unfolding_rank *)
Theorem tightness_siso (F : fieldType) :
  exists (B : 'M[F]_(1 + 1, 1)) (C : 'M[F]_(1, 1 + 1)) (W : nat -> 'M[F]_(1 + 1)) (K : nat),
  [/\ sgd_run B C W, (3 <= \rank (unfolding (fun k : 'I_K => W k)))%N &
      forall r, tensor_rank_le r (fun k : 'I_K => W k) -> (3 <= r)%N].
Proof.
have [xs lxs rV'] := history_almost F 0 0; have rV : (3 <= \rank (history xs))%N := rV'.
exists (tB F 0 0), (tC F 0 0), (fun k => sgd 0 (take k xs)), (size xs).+1.
split; [exact: sgd_runP | exact: rV | by move=> r /rank_unfolding_le; exact: leq_trans].
Qed.

(* Main results: tightness_rank tightness_tensor_rank tightness_siso *)
