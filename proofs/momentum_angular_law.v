(* momentum-angular-law (checked by src/theorem/momentum_angular_law.rs)

   Linear networks, heavy ball on all parameters, V_{k+1} = mu_k V_k + G_k and
   Th_{k+1} = Th_k - eta_k V_{k+1}, with any mu_k, eta_k, data and loss. Let
     N = V_W W^T - W^T V_W + V_B B^T - C^T V_C + v_b b^T + v_h h_0^T
   (a bias is an input, the columns of h_0 stand beside those of B) and J = N - N^T. Then
     J_{k+1} = mu_k J_k,
   so J_k = mu_{k-1} .. mu_0 J_0, and J_k = 0 for ever from V_0 = 0. The law of the
   gradients, [balance_states], says that N is 0 with G in the place of V; V with V gives
   a symmetric matrix, which J does not see: there is no error of the order eta^2.

     moment V Th        N, a bilinear form
     angular V Th       J                                                        *)
From mathcomp Require Import all_ssreflect all_algebra.
From RankProof.base Require Import model.
From RankProof Require Import conservation_law.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Moment.
Variables (R : comRingType) (n m q : nat).

(* W, [B h_0], C: positions, velocities or gradients *)
Record blocks := Blocks { pW : 'M[R]_n; pB : 'M[R]_(n, m); pC : 'M[R]_(q, n) }.
Implicit Types x v g : blocks.

Definition plus x v := Blocks (pW x + pW v) (pB x + pB v) (pC x + pC v).
Definition times c x := Blocks (c *: pW x) (c *: pB x) (c *: pC x).

Definition moment v x : 'M[R]_n :=
  pW v *m (pW x)^T - (pW x)^T *m pW v + pB v *m (pB x)^T - (pC x)^T *m pC v.
Definition angular v x := moment v x - (moment v x)^T.

Let sums (a1 b1 c1 d1 a2 b2 c2 d2 : 'M[R]_n) :
  a1 + a2 - (b1 + b2) + (c1 + c2) - (d1 + d2) = (a1 - b1 + c1 - d1) + (a2 - b2 + c2 - d2).
Proof. by rewrite !opprD (addrACA a1) (addrACA (a1 - b1)) (addrACA (a1 - b1 + c1)). Qed.

Lemma moment_plusl v g x : moment (plus v g) x = moment v x + moment g x.
Proof. by rewrite /moment /= !mulmxDl !mulmxDr sums. Qed.

Lemma moment_timesl c v x : moment (times c v) x = c *: moment v x.
Proof. by rewrite /moment /= -!scalemxAl -!scalemxAr scalerBr scalerDr scalerBr. Qed.

Lemma moment_plusr v g x : moment v (plus g x) = moment v g + moment v x.
Proof.
by rewrite /moment /= !(linearD (trmx_linear _ _ _)) /= !mulmxDl !mulmxDr sums.
Qed.

Lemma moment_timesr c v x : moment v (times c x) = c *: moment v x.
Proof.
have tZ k l (A : 'M[R]_(k, l)) : (c *: A)^T = c *: A^T by rewrite linearZ.
rewrite /moment /= !tZ -!scalemxAl -!scalemxAr.
by rewrite scalerBr scalerDr scalerBr.
Qed.

(* V with V is symmetric *)
Lemma moment_self v : (moment v v)^T = moment v v.
Proof. by rewrite /moment !linearB linearD linearB /= !trmx_mul !trmxK. Qed.

Lemma angularE c d v g x : moment g x = 0 ->
  angular (plus (times c v) g) (plus x (times d (plus (times c v) g))) = c *: angular v x.
Proof.
move=> g0; set v' := plus _ _; rewrite /angular moment_plusr moment_timesr.
rewrite [(_ + _)^T]linearD /= [(_ *: _)^T]linearZ /= moment_self opprD addrACA subrr addr0.
by rewrite /v' moment_plusl g0 addr0 moment_timesl [(_ *: _)^T]linearZ /= -scalerBr.
Qed.
End Moment.

Section HeavyBall.
Variables (R : comRingType) (n p q r : nat) (a : R).
Variables (W : nat -> 'M[R]_n) (B : nat -> 'M[R]_(n, p)) (H : nat -> 'M[R]_(n, r)).
Variables (C : nat -> 'M[R]_(q, n)) (sel : nat -> nat -> 'cV[R]_r).
Variables (M : nat -> nat) (X : nat -> nat -> trial R n p q) (mu eta : nat -> R).
Variable V : nat -> blocks R n (p + r) q.
Let gW k := \sum_(m < M k) lgradW a (W k) (B k) (C k) (X k m).
Let gB k := \sum_(m < M k) lgradB a (W k) (B k) (C k) (X k m).
Let gC k := \sum_(m < M k) lgradC a (W k) (B k) (X k m).
Let gH k := \sum_(m < M k) ladj a (W k) (B k) (C k) (X k m) 0%N *m (sel k m)^T.
Let position k := Blocks (W k) (row_mx (B k) (H k)) (C k).
Let gradient k := Blocks (gW k) (row_mx (gB k) (gH k)) (gC k).
Hypothesis eh0 : forall k m, th0 (X k m) = H k *m sel k m.
Hypothesis velocity : forall k, V k.+1 = plus (times (mu k) (V k)) (gradient k).
Hypothesis moves : forall k, position k.+1 = plus (position k) (times (- eta k) (V k.+1)).

Theorem momentum_angular_law k :
  angular (V k.+1) (position k.+1) = mu k *: angular (V k) (position k).
Proof.
rewrite moves velocity; apply: angularE.
by have := balance_states a (W k) (B k) (C k) (M k) (eh0 k).
Qed.

Theorem angular_decays k :
  angular (V k) (position k) = \prod_(j < k) mu j *: angular (V 0%N) (position 0%N).
Proof.
elim: k => [|k IHk]; first by rewrite big_ord0 scale1r.
by rewrite momentum_angular_law IHk scalerA big_ord_recr /= mulrC.
Qed.

Corollary angular_zero k : V 0%N = Blocks 0 0 0 -> angular (V k) (position k) = 0.
Proof.
move=> V0; rewrite angular_decays V0 /angular /moment /= !(mul0mx, mulmx0) !subr0 addr0 trmx0.
by rewrite subrr scaler0.
Qed.
End HeavyBall.

(* Main results: momentum_angular_law angular_decays angular_zero *)
