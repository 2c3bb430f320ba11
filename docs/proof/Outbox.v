(** What leaves and has to come back as an outcome.

    A turn releases a value: it gets a number, and the record keeps both. When that is
    durable it is handed to whoever takes care of it (an effect, say), in every life
    of the system again until its outcome is settled. To settle is one step: the value
    leaves the record and its outcome enters. A number that is not in the record is
    not settled: an outcome that comes late, or again, changes nothing.

    [handed_over_was_released]  nothing is handed over that no committed turn released
    [same_number_same_value]    a number always means the same value: it is a key by
                                which the outside can tell that it was asked before
    [handed_over_until_settled] what is not settled is kept, and can be handed over
                                again, at least once
    [settled_once]              however often it was handed over, and whatever came
                                back how often, one outcome enters

    The owners, the commits and the world are those of Fenced.v. *)

From Coq Require Import List Arith Lia PeanoNat.
From Portico Require Import Fenced.
Import ListNotations.
Set Implicit Arguments.

Section Outbox.

Variables (St V R : Type).                     (* all else; what is released; outcomes *)
Variable st0 : St.

Inductive event :=
| Put (i : nat) (v : V)                        (* a turn releases a value *)
| Settle (i : nat) (r : R)                     (* its outcome enters *)
| Other.                                       (* whatever else happens *)

Variable turn : St -> event -> St -> Prop.

Record D := { waiting : nat -> option V; last : nat; rest : St }.
Definition d0 : D := {| waiting := fun _ => None; last := 0; rest := st0 |}.

Inductive mstep (d : D) : event -> D -> Prop :=
| MPut : forall v s, turn (rest d) (Put (1 + last d) v) s ->
    mstep d (Put (1 + last d) v)
      {| waiting := upd (waiting d) (1 + last d) (Some v); last := 1 + last d; rest := s |}
| MSettle : forall i v r s, waiting d i = Some v -> turn (rest d) (Settle i r) s ->
    mstep d (Settle i r) {| waiting := upd (waiting d) i None; last := last d; rest := s |}
| MOther : forall s, turn (rest d) Other s ->
    mstep d Other {| waiting := waiting d; last := last d; rest := s |}.

(** What is handed over is what a durable record holds. *)
Definition due (d : D) (o : nat * V) : Prop := waiting d (fst o) = Some (snd o).

Definition machine := L D event (nat * V).
Definition start : machine := init event (nat * V) d0.
Definition reached (l : machine) : Prop := star mstep due start l.

(* ------------------------------------------------------------------ *)
(** * Runs *)

Lemma run_split : forall es fs a c, run mstep a (es ++ fs) c ->
  exists b, run mstep a es b /\ run mstep b fs c.
Proof.
  induction es; simpl; intros. { exists a. split; [constructor|assumption]. }
  inversion H; subst. destruct (IHes _ _ _ H5) as (b & R1 & R2).
  exists b. split; [econstructor; eassumption|assumption].
Qed.
Lemma run_one : forall e es a c, run mstep a (e :: es) c ->
  exists b, mstep a e b /\ run mstep b es c.
Proof. intros. inversion H; subst. eauto. Qed.

Ltac eqb := match goal with
  | |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b); subst
  | H : context [Nat.eqb ?a ?b] |- _ => destruct (Nat.eqb_spec a b); subst end.

(** What is in the record was put there, under a number that was given. *)
Definition counted (d : D) : Prop := forall i v, waiting d i = Some v -> i <= last d.
Lemma counted_run : forall es a b, run mstep a es b -> counted a -> counted b.
Proof.
  intros es a b Rn. induction Rn; intros C; auto. apply IHRn. clear IHRn Rn.
  intros i v. destruct H; simpl; unfold upd; try eqb; try discriminate; eauto.
Qed.
Lemma counted0 : counted d0.
Proof. intros i v H. discriminate. Qed.

Lemma waiting_put : forall es a b i v, run mstep a es b -> waiting b i = Some v ->
  waiting a i = Some v \/ In (Put i v) es.
Proof.
  intros es a b i v Rn. induction Rn; intros Hw; auto.
  destruct (IHRn Hw) as [A|A]; [|right; now right].
  destruct H; simpl in *; auto; unfold upd in A; eqb; auto.
  - inversion A; subst. auto.
  - discriminate.
Qed.

Lemma waits_on : forall es a b i v, run mstep a es b -> waiting a i = Some v -> i <= last a ->
  (exists r, In (Settle i r) es) \/ (waiting b i = Some v /\ i <= last b).
Proof.
  intros es a b i v Rn. induction Rn; intros Hw Hl; auto.
  assert ((exists r, e = Settle i r) \/ (waiting d' i = Some v /\ i <= last d')) as [[r ->]|[A B]].
  { destruct H; simpl; unfold upd; auto; eqb; eauto; right; split; auto; lia. }
  - left. exists r. now left.
  - destruct (IHRn A B) as [[r X]|X]; auto. left. exists r. now right.
Qed.

(** A number that was given and is not in the record never comes back. *)
Lemma stays_done : forall es a b i, run mstep a es b -> waiting a i = None -> i <= last a ->
  waiting b i = None /\ (forall r, ~ In (Settle i r) es) /\ (forall v, ~ In (Put i v) es).
Proof.
  intros es a b i Rn. induction Rn; intros Hw Hl; auto.
  assert (waiting d' i = None /\ i <= last d' /\ (forall r, e <> Settle i r) /\
          (forall v, e <> Put i v)) as (A & B & C & F).
  { destruct H; simpl; unfold upd; repeat split; auto; try discriminate; try lia;
      try (intros; intros E; inversion E; subst; try congruence; lia).
    - eqb; auto. lia.
    - now eqb. }
  destruct (IHRn A B) as (G & P & Q). repeat split; auto.
  - intros r [X|X]; [now apply (C r)|now apply (P r)].
  - intros v [X|X]; [now apply (F v)|now apply (Q v)].
Qed.

(** No number is given twice. *)
Lemma put_once : forall es a b i v, run mstep a es b -> i <= last a -> ~ In (Put i v) es.
Proof.
  intros es a b i v Rn. induction Rn; intros Hl; [intros []|].
  assert (i <= last d' /\ e <> Put i v) as [A B].
  { destruct H; simpl; split; try discriminate; try lia.
    intros E; inversion E; subst; lia. }
  intros [X|X]; [contradiction|]. now apply IHRn.
Qed.

(* ------------------------------------------------------------------ *)
(** * Theorems *)

Theorem handed_over_was_released : forall l i v, reached l -> In (i, v) (world l) ->
  In (Put i v) (hist l).
Proof.
  intros l i v Re H. destruct (nothing_early _ Re H) as (d & h1 & h2 & Du & E & R1 & _).
  rewrite E. apply in_or_app. left.
  destruct (waiting_put _ R1 Du) as [A|A]; [discriminate|assumption].
Qed.

Lemma put_same : forall es a b i v v', run mstep a es b ->
  In (Put i v) es -> In (Put i v') es -> v = v'.
Proof.
  intros es a b i v v' Rn. induction Rn; intros H1 H2; [destruct H1|].
  assert (G : forall x, e = Put i x -> i <= last d').
  { intros x ->. inversion H; subst; simpl; lia. }
  destruct H1 as [H1|H1], H2 as [H2|H2]; auto.
  - congruence.
  - exfalso. exact (@put_once _ _ _ i v' Rn (G _ H1) H2).
  - exfalso. exact (@put_once _ _ _ i v Rn (G _ H2) H1).
Qed.

Theorem same_number_same_value : forall l i v v', reached l ->
  In (i, v) (world l) -> In (i, v') (world l) -> v = v'.
Proof.
  intros l i v v' Re H H'. pose proof (handed_over_was_released _ _ Re H).
  pose proof (handed_over_was_released _ _ Re H'). eapply put_same; eauto using committed_run.
Qed.

Theorem handed_over_until_settled : forall l i v, reached l -> In (Put i v) (hist l) ->
  (exists r, In (Settle i r) (hist l)) \/
  (waiting (dur l) i = Some v /\
   exists t, star mstep due l t /\ hist t = hist l /\ world t = world l ++ [(i, v)]).
Proof.
  intros l i v Re H. destruct (in_split _ _ H) as (a & b & E).
  pose proof (committed_run Re) as C. rewrite E in C.
  destruct (run_split _ _ C) as (d1 & _ & R1). destruct (run_one R1) as (d2 & M & R2).
  inversion M; subst.
  destruct (@waits_on _ _ _ (1 + last d1) v R2) as [[r X]|[X _]]; simpl; auto.
  - apply upd_eq.
  - left. exists r. rewrite E. apply in_or_app. right. now right.
  - right. split; auto.
    destruct (@release_progress _ _ _ mstep due l (1 + last d1, v) X) as (t & S & _ & Eh & Ew).
    eauto.
Qed.

Theorem settled_once : forall l a i r b r', reached l -> hist l = a ++ Settle i r :: b ->
  ~ In (Settle i r') a /\ ~ In (Settle i r') b.
Proof.
  assert (G : forall l a i r b r', reached l -> hist l = a ++ Settle i r :: b -> ~ In (Settle i r') b).
  { intros l a i r b r' Re E. pose proof (committed_run Re) as C. rewrite E in C.
    destruct (run_split _ _ C) as (d1 & R0 & R1). destruct (run_one R1) as (d2 & M & R2).
    inversion M as [|i' v' r1 s Hw _|]; subst. apply (counted_run R0 counted0) in Hw.
    destruct (@stays_done _ _ _ i R2) as (_ & N & _); simpl; auto. apply upd_eq. }
  intros l a i r b r' Re E. split; [|eauto].
  intros H. destruct (in_split _ _ H) as (c & f & ->).
  apply (G l c i r' (f ++ Settle i r :: b) r Re).
  - now rewrite E, <- app_assoc.
  - apply in_or_app. right. now left.
Qed.

End Outbox.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (handed_over_was_released, same_number_same_value, handed_over_until_settled,
   settled_once).
Print Assumptions theorems.
