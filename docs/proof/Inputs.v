(** Inputs that may come again, and timers.

    A client sends what it has until it is told that it entered; so does the network,
    and so does the client's next life. Each input has a name and a number: a key of
    its own is a name whose number is always 0, a client is a name whose numbers grow.
    The record remembers the highest number of each name, in the epoch in which the
    input enters, and may forget a name in order to stay small. A timer is an input
    that the record holds until it fires, is set and fires in the course of turns, and
    fires at any time from then on: when, the clock decides, and the record keeps it.

    [enters_once]    between two entries under one name, either the number grew or the
                     name was forgotten
    [told_the_truth] whoever is told that an input entered: it did, or a later one did
    [nothing_made_up] what enters was sent
    [fires_once], [stays_cancelled], [was_set]
                     a timer fires at most once, never after it was cancelled, and
                     never without having been set
    [timer_kept], [timer_fires]
                     until then it is in the record, and can fire

    All of this of what is committed, over any crashes, take-overs and retries: the
    owners, the commits and the world are those of Fenced.v. *)

From Coq Require Import List Arith Lia PeanoNat.
From Portico Require Import Fenced.
Import ListNotations.
Set Implicit Arguments.

Section Inputs.

Definition Name := nat.
Definition Timer := nat.
Variable St : Type.                            (* all else that the record holds *)
Variable st0 : St.
Variable sent : Name -> nat -> Prop.           (* what was ever sent *)

Inductive event :=
| Enter (x : Name) (n : nat)                   (* an input enters *)
| Forget (x : Name)                            (* its name is too old, or too many are younger *)
| Set_ (i : Timer)                             (* a turn sets a timer *)
| Cancel (i : Timer)                           (* a turn takes one back *)
| Fire (i : Timer)                             (* one is delivered *)
| Other.                                       (* whatever else a turn does *)

(** What an event may do to all else, at any time. A relation: turns may draw numbers. *)
Variable turn : St -> event -> St -> Prop.

Record D := { high : Name -> option nat;       (* the highest number that entered *)
              waits : Timer -> bool;           (* set, and neither fired nor cancelled *)
              last : Timer;                    (* the youngest timer *)
              rest : St }.
Definition d0 : D := {| high := fun _ => None; waits := fun _ => false; last := 0; rest := st0 |}.

(** It has entered before: it does not enter again, and its sender is told. *)
Definition entered (d : D) (x : Name) (n : nat) : Prop := exists h, high d x = Some h /\ n <= h.

Inductive mstep (d : D) : event -> D -> Prop :=
| MEnter : forall x n s, sent x n -> ~ entered d x n -> turn (rest d) (Enter x n) s ->
    mstep d (Enter x n) {| high := upd (high d) x (Some n); waits := waits d; last := last d; rest := s |}
| MForget : forall x,
    mstep d (Forget x) {| high := upd (high d) x None; waits := waits d; last := last d; rest := rest d |}
| MSet : forall s, turn (rest d) (Set_ (1 + last d)) s ->
    mstep d (Set_ (1 + last d)) {| high := high d; waits := upd (waits d) (1 + last d) true;
                                   last := 1 + last d; rest := s |}
| MCancel : forall i s, waits d i = true -> turn (rest d) (Cancel i) s ->
    mstep d (Cancel i) {| high := high d; waits := upd (waits d) i false; last := last d; rest := s |}
| MFire : forall i s, waits d i = true -> turn (rest d) (Fire i) s ->
    mstep d (Fire i) {| high := high d; waits := upd (waits d) i false; last := last d; rest := s |}
| MOther : forall s, turn (rest d) Other s ->
    mstep d Other {| high := high d; waits := waits d; last := last d; rest := s |}.

(** Senders are told what the record says. *)
Definition due (d : D) (o : Name * nat) : Prop := entered d (fst o) (snd o).

Definition machine := L D event (Name * nat).
Definition start : machine := init event (Name * nat) d0.
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

(** A name that is not forgotten keeps what it has, or has more. *)
Lemma high_grows : forall es a b x h, run mstep a es b -> high a x = Some h ->
  ~ In (Forget x) es -> exists h', high b x = Some h' /\ h <= h'.
Proof.
  intros es a b x h R. revert h. induction R; intros h Hh N; [eauto|].
  assert (exists h', high d' x = Some h' /\ h <= h') as (h' & E & L).
  { destruct H; simpl in *; eauto.
    - unfold upd. destruct (Nat.eqb_spec x x0) as [->|]; eauto.
      exists n. split; auto. destruct (le_lt_dec h n); auto.
      exfalso. apply H0. exists h. split; auto. lia.
    - unfold upd. destruct (Nat.eqb_spec x x0) as [->|]; eauto. tauto. }
  destruct (IHR _ E) as (h2 & E2 & L2). { intros F. apply N. now right. }
  exists h2. split; auto. lia.
Qed.

(** What the record remembers has entered. *)
Lemma high_entered : forall es a b x h, run mstep a es b -> high b x = Some h ->
  high a x = Some h \/ In (Enter x h) es.
Proof.
  intros es a b x h R. induction R; intros Hh; auto.
  destruct (IHR Hh) as [A|A]; [|right; now right].
  destruct H; simpl in *; auto;
    unfold upd in A; destruct (Nat.eqb_spec x x0) as [->|]; auto; try discriminate.
  inversion A; subst. auto.
Qed.

(** A timer that waits goes on waiting until it fires or is cancelled. *)
Lemma waits_on : forall es a b i, run mstep a es b -> waits a i = true -> i <= last a ->
  In (Fire i) es \/ In (Cancel i) es \/ (waits b i = true /\ i <= last b).
Proof.
  intros es a b i R. induction R; intros Hw Hl; auto.
  assert (e = Fire i \/ e = Cancel i \/ (waits d' i = true /\ i <= last d')) as [->|[->|[A B]]].
  { destruct H; simpl; unfold upd; auto; eqb; auto. }
  - left. now left.
  - right. left. now left.
  - destruct (IHR A B) as [X|[X|X]]; auto; [left|right; left]; now right.
Qed.

(** One that does not wait, and whose number was given, never waits again. *)
Lemma stays_done : forall es a b i, run mstep a es b -> waits a i = false -> i <= last a ->
  waits b i = false /\ ~ In (Fire i) es.
Proof.
  intros es a b i R. induction R; intros Hw Hl; auto.
  assert (waits d' i = false /\ i <= last d' /\ e <> Fire i) as (A & B & C).
  { destruct H; simpl in *; unfold upd; repeat split; auto; try discriminate; try lia.
    - eqb; auto. lia.
    - now eqb.
    - now eqb.
    - intros E. inversion E. subst. congruence. }
  destruct (IHR A B) as (E & F). split; auto. intros [X|X]; auto.
Qed.

(** A timer that waits was set, and its number was given. *)
Lemma waits_set : forall es a b i, run mstep a es b -> waits b i = true ->
  waits a i = true \/ In (Set_ i) es.
Proof.
  intros es a b i R. induction R; intros Hw; auto.
  destruct (IHR Hw) as [A|A]; [|right; now right].
  destruct H; simpl in *; auto; unfold upd in A.
  - eqb; auto.
  - eqb; auto; discriminate.
  - eqb; auto; discriminate.
Qed.
Lemma numbered : forall es b, run mstep d0 es b -> forall i, waits b i = true -> i <= last b.
Proof.
  intros es b R. assert (Z : forall i, waits d0 i = true -> i <= last d0) by discriminate.
  remember d0 as a. clear Heqa. induction R; auto. apply IHR. clear IHR R.
  intros i. destruct H; simpl; auto; unfold upd.
  - eqb; [lia|]. intros A. apply Z in A. lia.
  - eqb; auto; discriminate.
  - eqb; auto; discriminate.
Qed.

(* ------------------------------------------------------------------ *)
(** * Theorems *)

Lemma event_eq : forall e f : event, {e = f} + {e <> f}.
Proof. decide equality; apply Nat.eq_dec. Qed.

Theorem enters_once : forall l a x n b m c, reached l ->
  hist l = a ++ Enter x n :: b ++ Enter x m :: c -> n < m \/ In (Forget x) b.
Proof.
  intros l a x n b m c R E. pose proof (committed_run R) as C. rewrite E in C.
  destruct (run_split _ _ C) as (d1 & _ & R1). destruct (run_one R1) as (d2 & M & R2).
  destruct (run_split _ _ R2) as (d3 & R3 & R4). destruct (run_one R4) as (d4 & M4 & _).
  destruct (in_dec event_eq (Forget x) b) as [F|F]; auto.
  left. inversion M; subst. inversion M4; subst.
  destruct (@high_grows _ _ _ x n R3) as (h & Hh & L); auto.
  { simpl. apply upd_eq. }
  destruct (le_lt_dec m h); [|lia]. exfalso. apply H5. exists h. auto.
Qed.

(** A key: its second entry means that it was forgotten. *)
Corollary key_enters_once : forall l a x b c, reached l ->
  hist l = a ++ Enter x 0 :: b ++ Enter x 0 :: c -> In (Forget x) b.
Proof. intros l a x b c R E. destruct (enters_once _ _ _ _ _ _ R E); [lia|assumption]. Qed.

Theorem told_the_truth : forall l x n, reached l -> In (x, n) (world l) ->
  exists m, n <= m /\ In (Enter x m) (hist l).
Proof.
  intros l x n R H. destruct (nothing_early _ R H) as (d & h1 & h2 & (h & Hh & L) & E & R1 & _).
  exists h. split; auto. rewrite E. apply in_or_app. left.
  destruct (high_entered _ R1 Hh) as [A|A]; [discriminate|assumption].
Qed.

Theorem nothing_made_up : forall l x n, reached l -> In (Enter x n) (hist l) -> sent x n.
Proof.
  intros l x n R H. destruct (in_split _ _ H) as (a & b & E).
  pose proof (committed_run R) as C. rewrite E in C.
  destruct (run_split _ _ C) as (d1 & _ & R1). destruct (run_one R1) as (d2 & M & _).
  now inversion M.
Qed.

(** So a client whose highest number this is has had it enter. *)
Corollary told_of_the_last : forall l x n, reached l -> In (x, n) (world l) ->
  (forall m, sent x m -> m <= n) -> In (Enter x n) (hist l).
Proof.
  intros l x n R H Top. destruct (told_the_truth _ _ R H) as (m & L & I).
  pose proof (Top _ (nothing_made_up _ _ R I)). now replace n with m by lia.
Qed.

(** What was sent and has not entered can enter: nothing is refused for good. *)
Theorem input_enters : forall l x n s, sent x n -> ~ entered (dur l) x n ->
  turn (rest (dur l)) (Enter x n) s ->
  exists t, star mstep due l t /\ hist t = hist l ++ [Enter x n].
Proof.
  intros l x n s S N T. destruct (@step_progress _ _ _ mstep due l _ _ (MEnter S N T)) as (t & R & _ & E). eauto.
Qed.

Lemma done_by : forall l a e b i, reached l -> hist l = a ++ e :: b ->
  e = Fire i \/ e = Cancel i -> ~ In (Fire i) b.
Proof.
  intros l a e b i R E Ei. pose proof (committed_run R) as C. rewrite E in C.
  destruct (run_split _ _ C) as (d1 & R0 & R1). destruct (run_one R1) as (d2 & M & R2).
  assert (W : waits d1 i = true) by (destruct Ei; subst; now inversion M).
  assert (waits d2 i = false /\ i <= last d2) as [F L].
  { pose proof (numbered R0 _ W). destruct Ei; subst; inversion M; subst; simpl;
      rewrite upd_eq; auto. }
  apply (stays_done R2 F L).
Qed.
Theorem fires_once : forall l a i b, reached l -> hist l = a ++ Fire i :: b -> ~ In (Fire i) b.
Proof. intros. eapply done_by; eauto. Qed.
Theorem stays_cancelled : forall l a i b, reached l -> hist l = a ++ Cancel i :: b -> ~ In (Fire i) b.
Proof. intros. eapply done_by; eauto. Qed.

Theorem was_set : forall l a i b, reached l -> hist l = a ++ Fire i :: b -> In (Set_ i) a.
Proof.
  intros l a i b R E. pose proof (committed_run R) as C. rewrite E in C.
  destruct (run_split _ _ C) as (d1 & R0 & R1). destruct (run_one R1) as (d2 & M & _).
  assert (W : waits d1 i = true) by now inversion M.
  destruct (waits_set _ R0 W) as [A|A]; [discriminate|assumption].
Qed.

Theorem timer_kept : forall l i, reached l -> In (Set_ i) (hist l) ->
  In (Fire i) (hist l) \/ In (Cancel i) (hist l) \/ waits (dur l) i = true.
Proof.
  intros l i R H. destruct (in_split _ _ H) as (a & b & E).
  pose proof (committed_run R) as C. rewrite E in *.
  destruct (run_split _ _ C) as (d1 & _ & R1). destruct (run_one R1) as (d2 & M & R2).
  inversion M; subst.
  destruct (@waits_on _ _ _ (1 + last d1) R2) as [X|[X|[X _]]]; simpl; auto.
  - apply upd_eq.
  - left. apply in_or_app. right. now right.
  - right. left. apply in_or_app. right. now right.
Qed.

Theorem timer_fires : forall l i s, waits (dur l) i = true -> turn (rest (dur l)) (Fire i) s ->
  exists t, star mstep due l t /\ hist t = hist l ++ [Fire i].
Proof.
  intros l i s W T. destruct (@step_progress _ _ _ mstep due l _ _ (MFire (dur l) W T)) as (t & R & _ & E). eauto.
Qed.

End Inputs.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (enters_once, key_enters_once, told_the_truth, nothing_made_up, told_of_the_last,
   input_enters, fires_once, stays_cancelled, was_set, timer_kept, timer_fires).
Print Assumptions theorems.
