(* modes (checked by src/theorem/modes.rs)

   Linear networks, W_0 = w I, B = C^T = V with V^T V = I: orthonormal channels v_1 .. v_p.
   In each trial one channel i is active: inputs u_t = s_t e_i and an initial state along v_i
   (or 0), and the errors are along e_i if the outputs are, as those of a squared loss whose
   targets are along e_i. GD-like learning of W alone. Then
     D_k = sum_i omega_i(k) v_i v_i^T,
   so rank D_k <= p, CP rank <= p and the tensor has one term for each mode of the task:
   its neurons v_i, v_i, and its learning curve omega_i.

     diagonal D         D = V diag (omega) V^T for some omega
     along i h          h is a multiple of v_i                                   *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model spans updates tensor_rank.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.
Local Arguments lhid : simpl never.
Local Arguments ladj : simpl never.

Section Modes.
Variables (F : fieldType) (n p : nat) (a w : F) (V : 'M[F]_(n, p)).
Hypothesis orthonormal : V^T *m V = 1%:M.

Definition channel (i : 'I_p) : 'cV[F]_p := delta_mx i 0.
Definition diagonal (D : 'M[F]_n) := exists omega : 'rV[F]_p, D = V *m diag_mx omega *m V^T.
Definition along i (h : 'cV[F]_n) := exists s, h = s *: (V *m channel i).
Definition in_channel i (u : 'cV[F]_p) := exists s, u = s *: channel i.

Lemma diagonal0 : diagonal 0.
Proof. by exists 0; rewrite raddf0 mulmx0 mul0mx. Qed.

Lemma diagonalD D E : diagonal D -> diagonal E -> diagonal (D + E).
Proof. by move=> [d ->] [e ->]; exists (d + e); rewrite raddfD mulmxDr mulmxDl. Qed.

Lemma diagonalZ c D : diagonal D -> diagonal (c *: D).
Proof. by move=> [d ->]; exists (c *: d); rewrite linearZ -scalemxAr -scalemxAl. Qed.

Lemma diagonal_sum (I : Type) (r : seq I) (Q : pred I) (A : I -> 'M[F]_n) :
  (forall i, Q i -> diagonal (A i)) -> diagonal (\sum_(i <- r | Q i) A i).
Proof. by move=> dA; elim/big_ind: _ => //; [apply: diagonal0 | apply: diagonalD]. Qed.

Lemma diagonal_outer i h l : along i h -> along i l -> diagonal (l *m h^T).
Proof.
move=> [s ->] [t ->]; exists ((t * s) *: delta_mx 0 i).
have -> : diag_mx ((t * s) *: delta_mx 0 i) = (t * s) *: (channel i *m (channel i)^T).
  apply/matrixP => j k; rewrite !mxE big_ord1 !mxE !eqxx !andbT.
  have [->|nk] := eqVneq j k; first by rewrite mulr1n -natrM mulnb andbb.
  rewrite mulr0n; case: eqVneq => [ej|]; last by rewrite mul0r mulr0.
  by rewrite -ej eq_sym (negPf nk) !mulr0.
rewrite -scalemxAr -[RHS]scalemxAl -scalemxAl [(s *: _)^T]linearZ /= -[X in _ *: X]scalemxAr scalerA.
by rewrite trmx_mul !mulmxA.
Qed.

Lemma alongD i h l : along i h -> along i l -> along i (h + l).
Proof. by move=> [s ->] [t ->]; exists (s + t); rewrite scalerDl. Qed.

Lemma alongZ i c h : along i h -> along i (c *: h).
Proof. by move=> [s ->]; exists (c * s); rewrite scalerA. Qed.

Lemma along_diagonal i v D h : diagonal D -> along i h -> along i ((v%:M + D) *m h).
Proof.
move=> [d ->] [s ->]; rewrite mulmxDl mul_scalar_mx; apply: alongD; first by apply/alongZ; exists s.
exists (s * d 0 i); rewrite -scalemxAr -scalerA; congr (_ *: _).
rewrite -!mulmxA (mulmxA V^T) orthonormal mul1mx scalemxAr; congr (_ *m _).
apply/matrixP => j k; rewrite (ord1 k) mul_diag_mx !mxE eqxx andbT.
by case: eqP => [->|]; rewrite ?mulr0.
Qed.

Lemma diagonal_tr D : diagonal D -> diagonal D^T.
Proof. by move=> [d ->]; exists d; rewrite !trmx_mul trmxK tr_diag_mx mulmxA. Qed.

Section Trial.
Variables (v : F) (D : 'M[F]_n) (x : trial F n p p) (i : 'I_p).
Hypotheses (dD : diagonal D) (xh : along i (th0 x)).
Hypothesis xu : forall t, (t < tT x)%N -> in_channel i (tu x t).
Local Notation W := (v%:M + D).
Hypothesis xe : forall t, (t <= tT x)%N -> along i (lhid a W V x t) -> in_channel i (te x t).

Lemma along_hid t : (t <= tT x)%N -> along i (lhid a W V x t).
Proof.
elim: t => [_|t IHt tT]; first by rewrite lhid0.
rewrite lhidS; apply: alongD; apply: alongZ; first exact/IHt/ltnW.
apply: alongD; first exact/along_diagonal/IHt/ltnW.
by have [s ->] := xu tT; exists s; rewrite -scalemxAr.
Qed.

Lemma along_adj t : (t <= tT x)%N -> along i (ladj a W V V^T x t).
Proof.
have err s : (s <= tT x)%N -> along i (V^T^T *m te x s).
  by move=> sT; have [c ->] := xe sT (along_hid sT); exists c; rewrite trmxK -scalemxAr.
move=> leT; rewrite -(subKn leT); elim: (tT x - t)%N (leq_subr t (tT x)) => [|r IHr] rT.
  by rewrite subn0 ladjT; apply: err.
have lt : (tT x - r.+1 < tT x)%N by rewrite ltn_subrL (leq_ltn_trans _ rT).
have al := IHr (ltnW rT); rewrite ladjS // subnSK //; apply: alongD.
  by apply: alongD; [apply/err/ltnW | apply: alongZ].
by apply: alongZ; rewrite linearD /= tr_scalar_mx; apply: along_diagonal => //; apply: diagonal_tr.
Qed.

Theorem mode_gradient : diagonal (lgradW a W V V^T x).
Proof.
rewrite lgradWE; apply/diagonalZ/diagonal_sum => t _.
by apply: (diagonal_outer (i := i)); [apply/along_hid/ltnW | apply: along_adj].
Qed.
End Trial.

Section Learning.
Variables (c0 : nat -> F) (W : nat -> 'M[F]_n) (M : nat -> nat).
Variables (X : nat -> nat -> trial F n p p) (active : nat -> nat -> 'I_p).
Hypothesis rW : gd_like c0 W (fun k => \sum_(m < M k) lgradW a (W k) V V^T (X k m)).
Hypothesis W0 : W 0%N = w%:M.
Hypothesis one_channel : forall k m, (m < M k)%N -> let i := active k m in
  along i (th0 (X k m)) /\ forall t, (t < tT (X k m))%N -> in_channel i (tu (X k m) t).
Hypothesis errors : forall k m t, (m < M k)%N -> (t <= tT (X k m))%N -> let i := active k m in
  along i (lhid a (W k) V (X k m) t) -> in_channel i (te (X k m) t).

Theorem modes k : diagonal (W k - c0 k *: W 0%N).
Proof.
elim/ltn_ind: k => k IH; have [c ->] := rW k; rewrite addrC addKr.
apply: diagonal_sum => j _; apply/diagonalZ/diagonal_sum => m _.
have := IH j (ltn_ord j); set D := W j - _ => dD.
have eW : W j = (c0 j * w)%:M + D by rewrite /D W0 scale_scalar_mx addrC subrK.
have [xh xu] := one_channel (ltn_ord m); rewrite eW.
by apply: mode_gradient dD xh xu _ => t tT; have := errors (ltn_ord m) tT; rewrite eW.
Qed.

Theorem modes_tensor_rank K : tensor_rank_le p (fun k : 'I_K => W k - c0 k *: W 0%N).
Proof.
have sp (k : 'I_K) : {d | W k - c0 k *: W 0%N == V *m diag_mx d *m V^T}.
  by apply/sigW; have [d /eqP] := modes k; exists d.
apply: tensor_rank_le_ext (fun k => esym (eqP (svalP (sp k)))) _.
exists (fun i k => sval (sp k) 0 i), (fun i => col i V), (fun i => col i V) => k.
move: (sval _) => d; apply/matrixP => i j; rewrite summxE mxE; apply: eq_bigr => s _.
by rewrite mul_mx_diag !mxE big_ord1 !mxE mulrAC mulrC mulrA.
Qed.

Corollary modes_rank k : (\rank (W k - c0 k *: W 0%N)%R <= p)%N.
Proof.
have [d ->] := modes k; rewrite -mulmxA.
exact: leq_trans (mxrankM_maxl _ _) (rank_leq_col _).
Qed.
End Learning.
End Modes.

(* Main results: mode_gradient modes modes_tensor_rank modes_rank *)
