(* symmetry (checked by src/theorem/symmetry.rs)

   What a change of basis of the neurons leaves as it is at the start, it leaves as
   it is for ever, if loss and optimizer do not see it. The vectors that all such
   changes fix are the space in which the network learns, linear or not.

     line, gradient_turns   a loss that an isometry of the parameters does not change
                        has a gradient that turns with them; the loss is read on
                        polynomials, its derivative is the coefficient of 'X
     trajectory_turns, symmetry_kept    so does a run of an optimizer that turns
     point, turn Q      blocks between neurons (Q V Q^T), into neurons (Q B: inputs,
                        biases, initial states), out of neurons (C Q^T), and others
     fixed_space S H    S is the space of the vectors that each Q in H fixes
     two_sided_rule     U turns with the rows and with the columns of gradients, each
                        on its own: combinations, X Y^T Z, and for permutations all
                        entrywise rules
     symmetry           rows and columns of each V_k - c_k V_0 lie in S
     stabilizer S       orthogonal Q that fix S: over an ordered field S is what they
                        fix, whence rank <= p + q from V_0 = v I, [symmetry_orthogonal]
     class_space        for permutations within classes, [symmetry_permutations]; with changes
                        of sign, [signed_class_space]
     built              what combinations with any coefficients, V and V^T make of given
                        vectors: the direct proof, in every field, [built_rank], and for
                        divisive normalisation and attention
     divisive_exact     the adjoint of divisive normalisation pairs with its tangent run       *)
From mathcomp Require Import all_ssreflect all_fingroup all_algebra.
From RankProof.base Require Import model spans updates invariance.
From RankProof Require Import exact_adjoint fingerprints.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* the gradient of a loss that an isometry leaves as it is *)
Section Gradient.
Variables (R : comRingType) (m : nat).
Variables (loss : 'cV[{poly R}]_m -> {poly R}) (G : 'cV[R]_m -> 'cV[R]_m) (rho : 'M[R]_m).

Definition line (x v : 'cV[R]_m) := map_mx polyC x + 'X *: map_mx polyC v.

Hypothesis gradient : forall x v, (loss (line x v))`_1 = ip (G x) v.
Hypothesis isometry : rho^T *m rho = 1%:M.
Hypothesis invariant : forall y, loss (map_mx polyC rho *m y) = loss y.

Theorem gradient_turns x : G (rho *m x) = rho *m G x.
Proof.
apply: ip_inj => v; have -> : v = rho *m (rho^T *m v) by rewrite mulmxA (mulmx1C isometry) mul1mx.
set w := rho^T *m v; rewrite -gradient.
have -> : line (rho *m x) (rho *m w) = map_mx polyC rho *m line x w.
  by rewrite /line !map_mxM mulmxDr -scalemxAr.
by rewrite invariant gradient /ip trmx_mul -mulmxA (mulmxA rho^T) isometry mul1mx.
Qed.
End Gradient.

(* a method is a function of all points so far; gradients are part of it *)
Section Kept.
Variables (T : Type) (act : T -> T) (method : nat -> seq T -> T).
Definition follows (x : nat -> T) := forall k, x k.+1 = method k [seq x j | j <- iota 0 k.+1].
Hypothesis method_turns : forall k past, method k [seq act x | x <- past] = act (method k past).

Theorem trajectory_turns x y : follows x -> follows y -> y 0%N = act (x 0%N) ->
  forall k, y k = act (x k).
Proof.
move=> fx fy y0; elim/ltn_ind => -[|k] IH //.
rewrite fy fx -method_turns; congr (method k _); rewrite -map_comp; apply/eq_in_map => j.
by rewrite mem_iota => /IH.
Qed.

Corollary symmetry_kept x : follows x -> act (x 0%N) = x 0%N -> forall k, act (x k) = x k.
Proof. by move=> fx x0 k; apply/esym/trajectory_turns. Qed.
End Kept.

Section FixedSpace.
Variables (F : fieldType) (n s : nat) (S : 'M[F]_(s, n)) (H : 'M[F]_n -> Prop).

Definition fixed_space := forall v : 'cV[F]_n, (v^T <= S)%MS <-> forall Q, H Q -> Q *m v = v.

Lemma fixed_columns m (A : 'M[F]_(n, m)) : fixed_space ->
  (forall Q, H Q -> Q *m A = A) -> (A^T <= S)%MS.
Proof.
move=> fS fA; apply/row_subP => j; rewrite -tr_col; apply/fS => Q /fA eA.
by rewrite -[in RHS]eA !colE mulmxA.
Qed.

Definition two_sided_rule (U : seq 'M[F]_n -> 'M[F]_n) := forall Q Q' past, H Q -> H Q' ->
  U [seq Q *m G *m Q'^T | G <- past] = Q *m U past *m Q'^T.
End FixedSpace.

Section Learning.
Variables (F : fieldType) (n b p q : nat) (E : Type).

(* blocks between neurons, into them and out of them, and all others *)
Record point := Point {
  between : {ffun 'I_b -> 'M[F]_n}; into : 'M[F]_(n, p); out_of : 'M[F]_(q, n); others : E }.
Definition turn (Q : 'M[F]_n) x :=
  Point [ffun i => Q *m between x i *m Q^T] (Q *m into x) (out_of x *m Q^T) (others x).
Definition turns (H : 'M[F]_n -> Prop) m (A : point -> 'M[F]_(n, m)) :=
  forall Q x, H Q -> A (turn Q x) = Q *m A x.

(* of step k: terms l h^T of the gradient of each block between neurons, the gradients of the
   blocks into and out of them, and what the optimizer makes of all gradients so far *)
Variables (terms : nat -> nat) (l h : nat -> 'I_b -> nat -> point -> 'cV[F]_n).
Variables (gI : nat -> point -> 'M[F]_(n, p)) (gO : nat -> point -> 'M[F]_(q, n)).
Variables (UV : nat -> 'I_b -> seq 'M[F]_n -> 'M[F]_n).
Variables (UI : nat -> 'M[F]_(n, p) -> seq 'M[F]_(n, p) -> 'M[F]_(n, p)).
Variables (UO : nat -> 'M[F]_(q, n) -> seq 'M[F]_(q, n) -> 'M[F]_(q, n)).
Definition gV k x i := \sum_(t < terms k) l k i t x *m (h k i t x)^T.

(* architecture and optimizer see no change of basis in H *)
Record sees_no_change (H : 'M[F]_n -> Prop) : Prop := SeesNoChange {
  errors_turn : forall k i t, turns H (l k i t);
  activity_turns : forall k i t, turns H (h k i t);
  into_turns : forall k, turns H (gI k);
  out_turns : forall k Q x, H Q -> gO k (turn Q x) = gO k x *m Q^T;
  between_rule : forall k i, two_sided_rule H (UV k i);
  into_rule : forall k Q A past, H Q ->
    UI k (Q *m A) [seq Q *m G | G <- past] = Q *m UI k A past;
  out_rule : forall k Q A past, H Q ->
    UO k (A *m Q^T) [seq G *m Q^T | G <- past] = UO k A past *m Q^T }.

Lemma sees_no_changeW (H H' : 'M[F]_n -> Prop) : (forall Q, H' Q -> H Q) -> sees_no_change H -> sees_no_change H'.
Proof.
move=> sub [tl th tI tO sV sI sO]; split.
- by move=> k i t Q x /sub; apply: tl.
- by move=> k i t Q x /sub; apply: th.
- by move=> k Q x /sub; apply: tI.
- by move=> k Q x /sub; apply: tO.
- by move=> k i Q Q' past /sub HQ /sub; apply: sV.
- by move=> k Q A past /sub; apply: sI.
- by move=> k Q A past /sub; apply: sO.
Qed.

Variables (X : nat -> point) (c : nat -> F).
Local Notation D k i := (between (X k) i - c k *: between (X 0%N) i).
Hypothesis rV : forall k i, D k i = UV k i [seq gV j (X j) i | j <- iota 0 k].
Hypothesis rI : forall k, into (X k) = UI k (into (X 0%N)) [seq gI j (X j) | j <- iota 0 k].
Hypothesis rO : forall k, out_of (X k) = UO k (out_of (X 0%N)) [seq gO j (X j) | j <- iota 0 k].

Section Fixed.
Variable H : 'M[F]_n -> Prop.
Hypotheses (H1 : H 1%:M) (same : sees_no_change H).
Hypothesis start : forall Q, H Q -> turn Q (X 0%N) = X 0%N.

Lemma gV_fixed k i Q x : H Q -> turn Q x = x -> Q *m gV k x i = gV k x i /\ gV k x i *m Q^T = gV k x i.
Proof.
move=> HQ ex; rewrite mulmx_sumr mulmx_suml; split; apply: eq_bigr => t _.
  by rewrite mulmxA -(errors_turn same) // ex.
by rewrite -mulmxA -trmx_mul -(activity_turns same) // ex.
Qed.

Lemma turned k Q : H Q ->
  [/\ turn Q (X k) = X k, (forall i, Q *m D k i = D k i) & forall i, D k i *m Q^T = D k i].
Proof.
elim/ltn_ind: k Q => k IH Q HQ.
have fixed Q' j : H Q' -> j \in iota 0 k -> turn Q' (X j) = X j.
  by move=> HQ'; rewrite mem_iota => jk; case: (IH j jk Q' HQ').
have eD i : Q *m D k i = D k i /\ D k i *m Q^T = D k i.
  rewrite rV; split.
    rewrite -[LHS]mulmx1 -trmx1 -(between_rule same) // -map_comp; congr (UV k i _); apply/eq_in_map => j jk /=.
    by rewrite trmx1 mulmx1; case: (gV_fixed j i HQ (fixed Q j HQ jk)).
  rewrite -[X in X *m _]mul1mx -(between_rule same) // -map_comp; congr (UV k i _); apply/eq_in_map => j jk /=.
  by rewrite mul1mx; case: (gV_fixed j i HQ (fixed Q j HQ jk)).
split; [|by move=> i; case: (eD i)..].
have e0 := start HQ; have eV0 i : Q *m between (X 0%N) i *m Q^T = between (X 0%N) i.
  by have := congr1 (fun x => between x i) e0; rewrite /= ffunE.
have eI : Q *m into (X k) = into (X k).
  rewrite rI -(into_rule same) // -map_comp; congr (UI k _ _); first exact: (congr1 into e0).
  by apply/eq_in_map => j jk /=; rewrite -(into_turns same) // fixed.
have eO : out_of (X k) *m Q^T = out_of (X k).
  rewrite rO -(out_rule same) // -map_comp; congr (UO k _ _); first exact: (congr1 out_of e0).
  by apply/eq_in_map => j jk /=; rewrite -(out_turns same) // fixed.
rewrite /turn eI eO; case: (X k) (eD) => V B C e /= eDk; congr Point; apply/ffunP => i.
have [eDi eDi'] := eDk i; rewrite ffunE -[V i](subrK (c k *: between (X 0%N) i)).
by rewrite mulmxDr mulmxDl eDi eDi' -scalemxAr -scalemxAl eV0.
Qed.

Theorem symmetry s (S : 'M[F]_(s, n)) k i : fixed_space S H ->
  [/\ (D k i <= S)%MS, ((D k i)^T <= S)%MS & (\rank (D k i) <= \rank S)%N].
Proof.
move=> fS; have sD : (D k i <= S)%MS.
  rewrite -[D k i]trmxK; apply: fixed_columns => // Q HQ.
  by have [_ _ eD] := turned k HQ; rewrite -[LHS]trmxK trmx_mul trmxK eD.
split=> //; last exact: mxrankS.
by apply: fixed_columns => // Q HQ; have [_ eD _] := turned k HQ.
Qed.
End Fixed.
End Learning.

Definition orthogonal (F : fieldType) n (Q : 'M[F]_n) := Q *m Q^T = 1%:M.

(* every orthogonal change of basis, over an ordered field *)
Section Orthogonal.
Variables (F : realFieldType) (n s : nat) (S : 'M[F]_(s, n)).

Definition stabilizer (Q : 'M[F]_n) := orthogonal Q /\ S *m Q^T = S.

(* the reflection along u *)
Definition reflection (u : 'cV[F]_n) : 'M[F]_n := 1%:M - (2%:R / ip u u) *: (u *m u^T).

Lemma ip_gt0 (u : 'cV[F]_n) : u != 0 -> ip u u != 0.
Proof.
apply: contra; rewrite /ip trace_mx11 mxE => /eqP.
under eq_bigr do rewrite mxE -expr2.
move=> /eqP; rewrite psumr_eq0 => [|i _]; last exact: sqr_ge0.
move=> /allP u0; apply/eqP/matrixP => i j; rewrite (ord1 j) !mxE.
by have := u0 i (mem_index_enum _); rewrite sqrf_eq0 => /eqP.
Qed.

Lemma outer_outer (u : 'cV[F]_n) : u *m u^T *m (u *m u^T) = ip u u *: (u *m u^T).
Proof.
rewrite -mulmxA (mulmxA u^T) [u^T *m u]mx11_scalar -/(ip _ _) mul_scalar_mx -scalemxAr.
by rewrite /ip trace_mx11.
Qed.

Lemma reflection_stabilizes u : u != 0 -> S *m u = 0 -> stabilizer (reflection u).
Proof.
move=> /ip_gt0 u0 Su; have sym : (reflection u)^T = reflection u.
  by rewrite /reflection linearB linearZ /= trmx1 trmx_mul trmxK.
split; rewrite ?/orthogonal sym; last by rewrite mulmxBr mulmx1 -scalemxAr mulmxA Su mul0mx scaler0 subr0.
rewrite /reflection; set c := _ / _; set N := u *m u^T.
have -> : (1%:M - c *: N) *m (1%:M - c *: N) = 1%:M - c *: N - (c *: N - (c * c * ip u u) *: N).
  rewrite mulmxBr mulmx1 mulmxBl mul1mx; congr (_ - (_ - _)).
  by rewrite -scalemxAl -scalemxAr outer_outer !scalerA mulrA.
have -> : c * c * ip u u = c + c by rewrite -mulrA divfK // mulr_natr mulr2n.
by rewrite scalerDl opprB addrK subrK.
Qed.

Theorem orthogonal_fixed : fixed_space S stabilizer.
Proof.
move=> v; split=> [/submxP[y ev] Q [_ SQ]|fv].
  by rewrite -[v]trmxK ev -[LHS]trmxK trmx_mul trmxK -mulmxA SQ.
suff v0 : v^T *m cokermx S = 0 by rewrite submxE v0.
apply/matrixP => i j; rewrite (ord1 i) [RHS]mxE; set u := col j (cokermx S).
have Su : S *m u = 0 by rewrite /u colE mulmxA mulmx_coker mul0mx.
suff <- : ip v u = 0 by rewrite /ip trace_mx11 /u colE mulmxA -colE [RHS]mxE.
have [->|nu] := eqVneq u 0; first by rewrite /ip mulmx0 mxtrace0.
have := fv _ (reflection_stabilizes nu Su).
rewrite /reflection mulmxBl mul1mx => /(congr1 (fun w => v - w)); rewrite subKr subrr => /eqP.
rewrite -scalemxAl -mulmxA [u^T *m v]mx11_scalar mul_mx_scalar scalerA scaler_eq0 (negPf nu) orbF.
rewrite mulf_eq0 mulf_eq0 invr_eq0 (negPf (ip_gt0 nu)) orbF pnatr_eq0 /= ipC /ip trace_mx11.
by move=> /eqP.
Qed.
End Orthogonal.

(* what optimizers do with gradients: combinations and products X Y^T Z turn with both sides
   under orthogonal changes *)
Section Rules.
Variables (F : fieldType) (n : nat).
Implicit Types (H : 'M[F]_n -> Prop) (U V : seq 'M[F]_n -> 'M[F]_n).

Lemma one_gradient_rule H j : two_sided_rule H (fun past => nth 0 past j).
Proof.
move=> Q Q' past _ _; have [lt|ge] := ltnP j (size past); first by rewrite (nth_map 0).
by rewrite !nth_default ?size_map // mulmx0 mul0mx.
Qed.

Lemma sum_rule H a U a' V : two_sided_rule H U -> two_sided_rule H V ->
  two_sided_rule H (fun past => a *: U past + a' *: V past).
Proof.
move=> sU sV Q Q' past HQ HQ'.
by rewrite sU // sV // mulmxDr mulmxDl -!scalemxAr -!scalemxAl.
Qed.

Lemma product_rule H U V W : (forall Q, H Q -> orthogonal Q) ->
  two_sided_rule H U -> two_sided_rule H V -> two_sided_rule H W ->
  two_sided_rule H (fun past => U past *m (V past)^T *m W past).
Proof.
move=> oH sU sV sW Q Q' past HQ HQ'; rewrite sU // sV // sW //.
have [/mulmx1C eQ /mulmx1C eQ'] := (oH _ HQ, oH _ HQ').
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q'^T) eQ' mulmx1 -(mulmxA _ Q^T) eQ mulmx1.
Qed.
End Rules.

(* neurons that start alike: permutations of a class *)
Section Classes.
Variables (F : fieldType) (n r : nat) (cls : 'I_n -> 'I_r).

Definition classes : 'M[F]_(r, n) := \matrix_(c, i) (cls i == c)%:R.
Definition within (Q : 'M[F]_n) := exists2 s : 'S_n, forall i, cls (s i) = cls i & Q = perm_mx s.

Lemma perm_entry m (s : 'S_n) (A : 'M[F]_(n, m)) i j : (perm_mx s *m A) i j = A (s i) j.
Proof. by rewrite -row_permE mxE. Qed.

Theorem class_space : fixed_space classes within.
Proof.
move=> v; split=> [/submxP[y ev] Q [s es ->]|fv].
  have ei i : v i 0 = y 0 (cls i).
    have := congr1 (fun A : 'rV_n => A 0 i) ev; rewrite !mxE => ->.
    rewrite (bigD1 (cls i)) //= big1 ?addr0 => [|c nc]; first by rewrite mxE eqxx mulr1.
    by rewrite mxE eq_sym (negPf nc) mulr0.
  by apply/matrixP => i j; rewrite (ord1 j) perm_entry !ei es.
have alike i j : cls i = cls j -> v i 0 = v j 0.
  move=> eij; rewrite -[in LHS](fv (perm_mx (tperm i j))); first by rewrite perm_entry tpermL.
  by exists (tperm i j) => // k; case: tpermP => // ->.
apply/submxP; exists (\row_c (if [pick i | cls i == c] is Some i then v i 0 else 0)).
apply/matrixP => k i; rewrite (ord1 k) !mxE (bigD1 (cls i)) //= big1 ?addr0 => [|c nc].
  rewrite !mxE eqxx mulr1; case: pickP => [j /eqP/alike -> //|/(_ i)].
  by rewrite eqxx.
by rewrite !mxE eq_sym (negPf nc) mulr0.
Qed.

Definition entrywise_rule (f : seq F -> F) (past : seq 'M[F]_n) : 'M[F]_n :=
  \matrix_(i, j) f [seq fun_of_matrix G i j | G <- past].

Lemma entrywise_two_sided f : two_sided_rule within (entrywise_rule f).
Proof.
move=> _ _ past [s _ ->] [t _ ->]; apply/matrixP => i j.
have entry (A : 'M[F]_n) : (perm_mx s *m A *m (perm_mx t)^T) i j = A (s i) (t j).
  by rewrite tr_perm_mx -col_permE mxE perm_entry.
by rewrite entry !mxE -map_comp; congr f; apply: eq_map => A /=; rewrite entry.
Qed.
End Classes.

(* the same up to sign, where functions are odd; a neuron of no class differs from its opposite
   in nothing *)
Section SignedClasses.
Variables (F : fieldType) (n r : nat) (cls : 'I_n -> option 'I_r) (s : 'I_n -> bool).
Local Notation E := (fingerprints F cls s).

Definition signed_perm (t : 'S_n) (e : 'I_n -> bool) : 'M[F]_n :=
  \matrix_(i, j) ((-1) ^+ e i * (t i == j)%:R).
Definition signed_within (Q : 'M[F]_n) :=
  (exists t, exists e, Q = signed_perm t e) /\ E *m Q^T = E.

Lemma signed_perm_mul m t e (A : 'M[F]_(n, m)) i j :
  (signed_perm t e *m A) i j = (-1) ^+ e i * A (t i) j.
Proof.
rewrite mxE (bigD1 (t i)) //= big1 ?addr0 => [|k nk]; first by rewrite mxE eqxx mulr1.
by rewrite mxE eq_sym (negPf nk) mulr0 mul0r.
Qed.

Lemma mul_signed_perm m t e (A : 'M[F]_(m, n)) i j :
  (A *m (signed_perm t e)^T) i j = (-1) ^+ e j * A i (t j).
Proof. by rewrite -[_ *m _]trmxK trmx_mul trmxK mxE signed_perm_mul mxE. Qed.

Lemma sign2 (x y : bool) (z : F) : (-1) ^+ (x (+) y) * (z * (-1) ^+ y) = z * (-1) ^+ x.
Proof. by rewrite signr_addb mulrCA -mulrA -signr_addb addbb mulr1. Qed.

Theorem signed_class_space : 2%:R != 0 :> F -> fixed_space E signed_within.
Proof.
move=> two v; split=> [/submxP[y ev] Q [_ EQ]|fv].
  by rewrite -[v]trmxK ev -[LHS]trmxK trmx_mul trmxK -mulmxA EQ.
have none i : cls i = None -> v i 0 = 0.
  move=> ci; have HQ : signed_within (signed_perm 1%g (pred1 i)).
    split; first by exists 1%g, (pred1 i).
    apply/matrixP => c j; rewrite mul_signed_perm perm1 /=; case: eqP => [->|_]; last by rewrite mul1r.
    by rewrite mxE ci mul0r mulr0.
  have := congr1 (fun A : 'cV_n => A i 0) (fv _ HQ); rewrite signed_perm_mul perm1 /= eqxx expr1 mulN1r.
  move=> /eqP; rewrite eq_sym -addr_eq0 -mulr2n -mulr_natl mulf_eq0 (negPf two) => /eqP.
  exact.
have alike i j c : cls i = Some c -> cls j = Some c -> v i 0 = (-1) ^+ (s i (+) s j) * v j 0.
  move=> ci cj; pose e k := ((k == i) || (k == j)) && (s i (+) s j).
  have HQ : signed_within (signed_perm (tperm i j) e).
    split; first by exists (tperm i j), e.
    apply/matrixP => d k; rewrite mul_signed_perm !mxE /e.
    case: tpermP => [->|->|/eqP/negPf -> /eqP/negPf ->]; rewrite ?eqxx ?orbT ?mul1r //= ci cj ?sign2 //.
    by rewrite [s i (+) _]addbC sign2.
  by have := congr1 (fun A : 'cV_n => A i 0) (fv _ HQ); rewrite signed_perm_mul tpermL /e eqxx => <-.
apply/respectsP.
exists (fun _ c => if [pick i | cls i == Some c] is Some i then v i 0 * (-1) ^+ s i else 0) => k i.
rewrite (ord1 k) mxE /class_value; case ci: (cls i) => [c|]; last exact: none.
case: pickP => [j /eqP cj|/(_ i)]; last by rewrite ci eqxx.
by rewrite (alike i j c) // signr_addb mulrC mulrA mulrAC.
Qed.

Lemma odd_entrywise_two_sided f : (forall g, f [seq - y | y <- g] = - f g) ->
  two_sided_rule signed_within (entrywise_rule f).
Proof.
move=> oddf Q Q' past [[t [e ->]] _] [[t' [e' ->]] _]; apply/matrixP => i j.
have entry (A : 'M[F]_n) : (signed_perm t e *m A *m (signed_perm t' e')^T) i j =
    (-1) ^+ (e i (+) e' j) * A (t i) (t' j).
  by rewrite mul_signed_perm signed_perm_mul mulrA -signr_addb addbC.
rewrite entry !mxE -map_comp; case: (_ (+) _) entry => entry; last first.
  by rewrite mul1r; congr f; apply: eq_map => A /=; rewrite entry mul1r.
rewrite mulN1r -oddf -map_comp; congr f; apply: eq_map => A /=; by rewrite entry mulN1r.
Qed.
End SignedClasses.

(* rank <= p + q from multiples of the identity, under every orthogonal change *)
Section OrthogonalRank.
Variables (F : realFieldType) (n b p q : nat) (E : Type).
Local Notation point := (point F n b p q E).
Variables (terms : nat -> nat) (l h : nat -> 'I_b -> nat -> point -> 'cV[F]_n).
Variables (gI : nat -> point -> 'M[F]_(n, p)) (gO : nat -> point -> 'M[F]_(q, n)).
Variables (UV : nat -> 'I_b -> seq 'M[F]_n -> 'M[F]_n).
Variables (UI : nat -> 'M[F]_(n, p) -> seq 'M[F]_(n, p) -> 'M[F]_(n, p)).
Variables (UO : nat -> 'M[F]_(q, n) -> seq 'M[F]_(q, n) -> 'M[F]_(q, n)).
Variables (X : nat -> point) (c : nat -> F) (v : 'I_b -> F).
Let S := col_mx (into (X 0%N))^T (out_of (X 0%N)).

Theorem symmetry_orthogonal :
  sees_no_change l h gI gO UV UI UO (@orthogonal F n) ->
  (forall k i, between (X k) i - c k *: between (X 0%N) i =
     UV k i [seq gV terms l h j (X j) i | j <- iota 0 k]) ->
  (forall k, into (X k) = UI k (into (X 0%N)) [seq gI j (X j) | j <- iota 0 k]) ->
  (forall k, out_of (X k) = UO k (out_of (X 0%N)) [seq gO j (X j) | j <- iota 0 k]) ->
  (forall i, between (X 0%N) i = (v i)%:M) ->
  forall k i, let D := between (X k) i - c k *: between (X 0%N) i in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= p + q)%N].
Proof.
move=> same rV rI rO V0 k i D.
have fixes Q : stabilizer S Q -> turn Q (X 0%N) = X 0%N.
  move=> [oQ]; rewrite /S mul_col_mx => /eq_col_mx[eI eO].
  rewrite /turn eO -[Q *m into _]trmxK trmx_mul eI trmxK.
  case eX: (X 0%N) V0 => [V B C e] /= eV; congr Point; apply/ffunP => j.
  by rewrite ffunE eV mul_mx_scalar -scalemxAl oQ scalemx1.
have one : stabilizer S 1%:M by split; rewrite ?/orthogonal trmx1 mulmx1.
have [//|sD sDt rD] := symmetry rV rI rO one (sees_no_changeW _ same) fixes k i (orthogonal_fixed S).
  by move=> Q [].
by split=> //; apply: leq_trans rD (rank_leq_row _).
Qed.
End OrthogonalRank.

(* permutations within classes of neurons that start alike: rank <= r *)
Section PermutationRank.
Variables (F : fieldType) (n r b p q : nat) (E : Type) (cls : 'I_n -> 'I_r).
Local Notation point := (point F n b p q E).
Variables (terms : nat -> nat) (l h : nat -> 'I_b -> nat -> point -> 'cV[F]_n).
Variables (gI : nat -> point -> 'M[F]_(n, p)) (gO : nat -> point -> 'M[F]_(q, n)).
Variables (UV : nat -> 'I_b -> seq 'M[F]_n -> 'M[F]_n).
Variables (UI : nat -> 'M[F]_(n, p) -> seq 'M[F]_(n, p) -> 'M[F]_(n, p)).
Variables (UO : nat -> 'M[F]_(q, n) -> seq 'M[F]_(q, n) -> 'M[F]_(q, n)).
Variables (X : nat -> point) (c : nat -> F).

Theorem symmetry_permutations :
  sees_no_change l h gI gO UV UI UO (@within F n r cls) ->
  (forall k i, between (X k) i - c k *: between (X 0%N) i =
     UV k i [seq gV terms l h j (X j) i | j <- iota 0 k]) ->
  (forall k, into (X k) = UI k (into (X 0%N)) [seq gI j (X j) | j <- iota 0 k]) ->
  (forall k, out_of (X k) = UO k (out_of (X 0%N)) [seq gO j (X j) | j <- iota 0 k]) ->
  (forall Q, within cls Q -> turn Q (X 0%N) = X 0%N) ->
  forall k i, let D := between (X k) i - c k *: between (X 0%N) i in
  [/\ (D <= classes F cls)%MS, (D^T <= classes F cls)%MS & (\rank D <= r)%N].
Proof.
move=> same rV rI rO start k i D.
have one : within cls (1%:M : 'M[F]_n) by exists 1%g => [j|]; rewrite ?perm1 ?perm_mx1.
have [sD sDt rD] := symmetry rV rI rO one same start k i (@class_space F n r cls).
by split=> //; apply: leq_trans rD (rank_leq_row _).
Qed.
End PermutationRank.

(* the direct proof, over every field: what is made of vectors of S by combinations with any
   coefficients, and by blocks that keep S and their transposes, lies in S *)
Section Built.
Variables (F : fieldType) (n b s : nat) (S : 'M[F]_(s, n)).

Inductive built (given : 'cV[F]_n -> Prop) (V : 'I_b -> 'M[F]_n) : 'cV[F]_n -> Prop :=
 | Given v of given v : built given V v
 | Nothing : built given V 0
 | Sum v w of built given V v & built given V w : built given V (v + w)
 | Multiple a v of built given V v : built given V (a *: v)
 | Image i v of built given V v : built given V (V i *m v)
 | Coimage i v of built given V v : built given V ((V i)^T *m v).

Implicit Types (given : 'cV[F]_n -> Prop) (V : 'I_b -> 'M[F]_n).

Lemma built_sub given V v : (forall w, given w -> (w^T <= S)%MS) -> (forall i, stable S (V i)) ->
  built given V v -> (v^T <= S)%MS.
Proof.
move=> sg sV; elim=> {v} [v /sg //||v w _ sv _ sw|a v _ sv|i v _ sv|i v _ sv].
- by rewrite trmx0 sub0mx.
- exact: colsD.
- exact: colsZ.
- by have [sVt _] := sV i; apply: cols_stable.
- by have [_ sVi] := sV i; apply: cols_stable; rewrite ?trmxK.
Qed.

Lemma built_sum given V (I : Type) (r : seq I) (P : pred I) (v : I -> 'cV[F]_n) :
  (forall i, P i -> built given V (v i)) -> built given V (\sum_(i <- r | P i) v i).
Proof. by move=> bv; elim/big_ind: _ => //; [apply: Nothing | apply: Sum]. Qed.
End Built.

Section BuiltRank.
Variables (F : fieldType) (n b p q s : nat) (S : 'M[F]_(s, n)).
Variables (V : nat -> 'I_b -> 'M[F]_n) (B : nat -> 'M[F]_(n, p)) (C : nat -> 'M[F]_(q, n)).

(* at step k the columns of blocks into neurons and the rows of blocks out of them are given *)
Definition channels k (v : 'cV[F]_n) := (exists u, v = B k *m u) \/ (exists e, v = (C k)^T *m e).
Definition built_at k := built (channels k) (V k).

(* the gradients are made of terms built^T built *)
Variables (terms : nat -> nat) (l h : nat -> 'I_b -> nat -> 'cV[F]_n).
Variables (GB : nat -> 'M[F]_(n, p)) (GC : nat -> 'M[F]_(q, n)) (c : 'I_b -> nat -> F).
Definition built_gradient i k := \sum_(t < terms k) l k i t *m (h k i t)^T.
Hypotheses (bl : forall k i t, built_at k (l k i t)) (bh : forall k i t, built_at k (h k i t)).
Hypotheses (bB : forall k j, built_at k (col j (GB k))).
Hypotheses (bC : forall k j, built_at k (row j (GC k))^T).
Hypothesis rV : forall i, keeps_space S (c i) (V^~ i) (built_gradient i).
Hypotheses (rB : keeps_columns S B GB) (rC : keeps_rows S C GC).
Hypotheses (sV0 : forall i, stable S (V 0%N i)) (sB0 : ((B 0%N)^T <= S)%MS) (sC0 : (C 0%N <= S)%MS).

Theorem built_rank k i : let D := V k i - c i k *: V 0%N i in
  [/\ (D <= S)%MS, (D^T <= S)%MS & (\rank D <= \rank S)%N].
Proof.
suff main j : (forall i, (V j i - c i j *: V 0%N i <= S)%MS /\ ((V j i - c i j *: V 0%N i)^T <= S)%MS)
    /\ (((B j)^T <= S)%MS /\ (C j <= S)%MS).
  by have [/(_ i)[sD sDt] _] := main k; split=> //; apply: mxrankS.
elim/ltn_ind: j => j IH.
have sub j' v : (j' < j)%N -> built_at j' v -> (v^T <= S)%MS.
  move=> /IH[sD [sB sC]]; apply: built_sub => [w [[u ->]|[e ->]]|i'].
  - exact: cols_mul.
  - by rewrite trmx_mul trmxK mulmx_sub.
  - by have [sDi sDti] := sD i'; apply: (stableD (W := V^~ i') (sV0 i') sDi sDti).
split=> [i'|].
  apply: rV => j' jj; apply: sum_two_sided => t _; split; last exact/cols_mul/(sub _ _ jj).
  by rewrite mulmx_sub // (sub _ _ jj).
split; [apply: rB => // j' jj | apply: rC => // j' jj]; apply/row_subP => t.
  by rewrite -tr_col (sub _ _ jj).
by have := sub _ _ jj (bC j' t); rewrite trmxK.
Qed.
End BuiltRank.

(* the linear network of base/model.v, and so invariant-subspace; in a loop with an environment
   inputs and errors are others, and any will do *)
Section Linear.
Variables (F : fieldType) (n p q : nat) (a : F).
Variables (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (x : trial F n p q).
Variable given : 'cV[F]_n -> Prop.
Hypotheses (gh : given (th0 x)) (gB : forall u, given (B *m u)) (gC : forall e, given (C^T *m e)).
Local Notation built := (built given (fun _ : 'I_1 => W)).

Theorem linear_built t (H : (t <= tT x)%N) : built (lhid a W B x t) /\ built (ladj a W B C x t).
Proof.
split; last first.
  rewrite -(subKn H); elim: (tT x - t)%N (leq_subr t (tT x)) => [|r IH] rT.
    by rewrite subn0 ladjT; apply: Given.
  have lt : (tT x - r.+1 < tT x)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
  have bl := IH (ltnW rT); rewrite ladjS // (subnSK rT).
  apply: Sum; first by apply: Sum; [apply: Given | apply: Multiple].
  by apply/Multiple/(Coimage (V := fun=> W) ord0).
elim: t {H} => [|t IH]; first by rewrite lhid0; apply: Given.
rewrite lhidS; apply: Sum; apply: Multiple => //; apply: Sum; last exact: Given.
exact: (Image (V := fun=> W) ord0).
Qed.
End Linear.

(* divisive normalisation: psi(h) = f(|h|^2) h, whatever f and its derivative df are *)
Section Divisive.
Variables (F : fieldType) (n p q : nat) (a : F) (f df : F -> F).
Variables (W : 'M[F]_n) (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (x : trial F n p q).

Definition normalised (v : 'cV[F]_n) := f (ip v v) *: v.
(* the derivative of psi at v, which is symmetric, applied to w *)
Definition dnormalised (v w : 'cV[F]_n) := f (ip v v) *: w + (2%:R * df (ip v v) * ip v w) *: v.

Fixpoint state t : 'cV[F]_n :=
  if t is r.+1 then (1 - a) *: state r + a *: (W *m normalised (state r) + B *m tu x r) else th0 x.
(* the adjoint at time T - r *)
Fixpoint costate r : 'cV[F]_n :=
  if r is j.+1 then
    let t := (tT x - j.+1)%N in (1 - a) *: costate j +
    dnormalised (state t) (C^T *m te x t + a *: (W^T *m costate j))
  else dnormalised (state (tT x)) (C^T *m te x (tT x)).

(* the gradients are right: their pairing with a direction (V, VB, VC, v0) of all parameters is
   the change of the loss in the tangent run *)
Definition divisive_gradW := a *: \sum_(t < tT x) costate (tT x - t.+1) *m (normalised (state t))^T.
Definition divisive_gradB := a *: \sum_(t < tT x) costate (tT x - t.+1) *m (tu x t)^T.
Definition divisive_gradC := \sum_(t < (tT x).+1) te x t *m (normalised (state t))^T.

Section Pairing.
Variables (V : 'M[F]_n) (VB : 'M[F]_(n, p)) (VC : 'M[F]_(q, n)) (v0 : 'cV[F]_n).
Fixpoint tangent t : 'cV[F]_n :=
  if t is r.+1 then (1 - a) *: tangent r + a *: (W *m dnormalised (state r) (tangent r) +
    V *m normalised (state r) + VB *m tu x r) else v0.
Definition dread t := C *m dnormalised (state t) (tangent t) + VC *m normalised (state t).

Lemma dnormalised_sym v w y : ip (dnormalised v w) y = ip w (dnormalised v y).
Proof. by rewrite /dnormalised ipDl ipDr !ipZl !ipZr [ip w v]ipC mulrAC. Qed.

Local Notation lam t := (costate (tT x - t)).

Lemma costate_step t : (t < tT x)%N ->
  ip (te x t) (C *m dnormalised (state t) (tangent t)) + ip (lam t.+1) (tangent t.+1) =
  ip (lam t) (tangent t) + a * ip (lam t.+1) (V *m normalised (state t) + VB *m tu x t).
Proof.
move=> lt; have eqs : (tT x - t = (tT x - t.+1).+1)%N by rewrite subnSK.
have -> : lam t = (1 - a) *: lam t.+1 +
    dnormalised (state t) (C^T *m te x t + a *: (W^T *m lam t.+1)).
  by rewrite eqs [costate _.+1]/= -eqs subKn // ltnW.
rewrite ipDl ipZl dnormalised_sym ipDl ipZl !ip_mulT [tangent t.+1]/= ipDr !ipZr -(addrA (W *m _)) ipDr mulrDr.
by rewrite !addrA; congr (_ + _ + _); apply: addrC.
Qed.

Theorem divisive_exact : \sum_(t < (tT x).+1) ip (te x t) (dread t) =
  ip divisive_gradW V + ip divisive_gradB VB + ip divisive_gradC VC + ip (lam 0) v0.
Proof.
have main t : (t <= tT x)%N ->
    \sum_(s < t) ip (te x s) (C *m dnormalised (state s) (tangent s)) + ip (lam t) (tangent t) =
    ip (lam 0) v0 + a * \sum_(s < t) ip (lam s.+1) (V *m normalised (state s) + VB *m tu x s).
  elim: t => [_|t IH lt]; first by rewrite !big_ord0 mulr0 add0r addr0.
  by rewrite !big_ord_recr /= -addrA costate_step // addrA IH ?(ltnW lt) // mulrDr addrA.
under eq_bigr do rewrite ipDr; rewrite big_split /=.
have -> : \sum_(t < (tT x).+1) ip (te x t) (VC *m normalised (state t)) = ip divisive_gradC VC.
  by rewrite ip_suml; apply: eq_bigr => t _; rewrite ip_outer.
rewrite [RHS]addrAC; congr (_ + _); rewrite big_ord_recr /=.
have -> : ip (te x (tT x)) (C *m dnormalised (state (tT x)) (tangent (tT x))) =
    ip (lam (tT x)) (tangent (tT x)) by rewrite subnn /= dnormalised_sym ip_mulT.
rewrite main // addrC; congr (_ + _); rewrite !ipZl -mulrDr !ip_suml -big_split.
by congr (_ * _); apply: eq_bigr => t _; rewrite /= !ip_outer ipDr.
Qed.
End Pairing.

Variable given : 'cV[F]_n -> Prop.
Hypotheses (gh : given (th0 x)) (gB : forall u, given (B *m u)) (gC : forall e, given (C^T *m e)).
Local Notation built := (built given (fun _ : 'I_1 => W)).

Theorem divisive_built t : built (normalised (state t)) /\ built (costate t).
Proof.
have sb r : built (state r).
  elim: r => [|r IH]; first exact: Given.
  apply: Sum; apply: Multiple => //; apply: Sum; last exact: Given.
  by apply: (Image (V := fun=> W) ord0); apply: Multiple.
have db r w : built w -> built (dnormalised (state r) w).
  by move=> bw; apply: Sum; apply: Multiple.
split; first exact: Multiple.
elim: t => [|r IH]; first by apply: db; apply: Given.
apply: Sum; first exact: Multiple.
apply: db; apply: Sum; first exact: Given.
by apply/Multiple/(Coimage (V := fun=> W) ord0).
Qed.
End Divisive.

(* attention: tokens x_t = B u_t, and y_{t+1} = C (x_t + O sum_s f_ts V x_s). Each gradient is a
   sum of these terms with coefficients that are functions of the scores, whatever they are: V has
   (O^T C^T e) x^T, O has C^T e (V x)^T, Q has (K x) x^T, K has (Q x) x^T, and B has columns
   C^T e, V^T O^T C^T e, Q^T K x, K^T Q x *)
Section Attention.
Variables (F : fieldType) (n p q : nat) (V : 'I_4 -> 'M[F]_n).
Variables (B : 'M[F]_(n, p)) (C : 'M[F]_(q, n)) (given : 'cV[F]_n -> Prop).
Hypotheses (gB : forall u, given (B *m u)) (gC : forall e, given (C^T *m e)).
Local Notation built := (built given V).
Local Notation query := (V 0).
Local Notation key := (V 1).
Local Notation value := (V 2%:R).
Local Notation output := (V 3%:R).

Theorem attention_built u e :
  [/\ built (output^T *m (C^T *m e)), built (value *m (B *m u)), built (key *m (B *m u)) &
      built (query *m (B *m u))] /\
  [/\ built (value^T *m (output^T *m (C^T *m e))), built (query^T *m (key *m (B *m u))) &
      built (key^T *m (query *m (B *m u)))].
Proof. by split; split; do ?[apply: Image | apply: Coimage]; apply: Given. Qed.
End Attention.

(* Main results: gradient_turns trajectory_turns symmetry_kept symmetry orthogonal_fixed *)
(* Main results: product_rule class_space entrywise_two_sided signed_class_space *)
(* Main results: odd_entrywise_two_sided symmetry_orthogonal symmetry_permutations *)
(* Main results: built_rank linear_built divisive_exact divisive_built attention_built *)
