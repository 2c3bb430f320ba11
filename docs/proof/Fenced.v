(** One partition whose owner runs ahead of its commits, for any record and any steps.

    Protocol.v does this for atoms that come over channels. Here the record and what
    may be done to it are parameters, so that Inputs.v and Outbox.v can look at one
    thing each. What they need is proved once:

    [committed_run]   what is durable was reached step by step by a machine to which
                      nothing ever happens
    [nothing_early]   whatever was released to the world was due by a record that is
                      durable, and that no crash takes back
    [step_progress]   what that machine could do next, some owner can still do
    [release_progress] and what is due can be released, again and again *)

From Coq Require Import List Arith Lia PeanoNat.
Import ListNotations.
Set Implicit Arguments.

Section Fenced.

Variables (D E O : Type).                  (* the record; what happens to it; what is released *)
Variable d0 : D.
Variable mstep : D -> E -> D -> Prop.
Variable due : D -> O -> Prop.             (* a record that says so is durable: o may leave *)

(** The machine to which nothing ever happens. *)
Inductive run : D -> list E -> D -> Prop :=
| RunNil : forall d, run d [] d
| RunOne : forall d e d' es d'', mstep d e d' -> run d' es d'' -> run d (e :: es) d''.

Definition W := nat.
Definition upd {A} (f : nat -> A) (k : nat) (v : A) : nat -> A :=
  fun i => if Nat.eqb i k then v else f i.
Lemma upd_eq : forall A (f : nat -> A) k v, upd f k v k = v.
Proof. intros; unfold upd; now rewrite Nat.eqb_refl. Qed.
Lemma upd_neq : forall A (f : nat -> A) k v i, i <> k -> upd f k v i = f i.
Proof. intros; unfold upd; destruct (Nat.eqb_spec i k); congruence. Qed.

(** An owner, or one who was: what it has in memory, what happened since its last cut,
    the epochs that it has cut and that are not committed, and the record that it knows
    to be durable. *)
Record worker := { wepoch : nat; mem : D; ran : list E; queue : list (list E * D); done : D }.

Record L := { dur : D; hist : list E; epoch : nat; ws : W -> option worker; world : list O }.
Definition init : L :=
  {| dur := d0; hist := []; epoch := 0; ws := fun _ => None; world := [] |}.

Inductive step (l t : L) : Prop :=
| Recover : forall w, ws l w = None ->
    t = {| dur := dur l; hist := hist l; epoch := 1 + epoch l;
           ws := upd (ws l) w (Some {| wepoch := 1 + epoch l; mem := dur l; ran := [];
                                       queue := []; done := dur l |});
           world := world l |} -> step l t
| Crash : forall w,
    t = {| dur := dur l; hist := hist l; epoch := epoch l; ws := upd (ws l) w None;
           world := world l |} -> step l t
| Exec : forall w k e d, ws l w = Some k -> mstep (mem k) e d ->
    t = {| dur := dur l; hist := hist l; epoch := epoch l;
           ws := upd (ws l) w (Some {| wepoch := wepoch k; mem := d; ran := ran k ++ [e];
                                       queue := queue k; done := done k |});
           world := world l |} -> step l t
| Cut : forall w k, ws l w = Some k ->
    t = {| dur := dur l; hist := hist l; epoch := epoch l;
           ws := upd (ws l) w (Some {| wepoch := wepoch k; mem := mem k; ran := [];
                                       queue := queue k ++ [(ran k, mem k)];
                                       done := done k |});
           world := world l |} -> step l t
(* the journal takes the oldest epoch of its owner *)
| Commit : forall w k es d qu, ws l w = Some k -> queue k = (es, d) :: qu ->
    wepoch k = epoch l ->
    t = {| dur := d; hist := hist l ++ es; epoch := epoch l;
           ws := upd (ws l) w (Some {| wepoch := wepoch k; mem := mem k; ran := ran k;
                                       queue := qu; done := d |});
           world := world l |} -> step l t
(* and refuses that of anybody else *)
| Refused : forall w k x qu, ws l w = Some k -> queue k = x :: qu -> wepoch k <> epoch l ->
    t = {| dur := dur l; hist := hist l; epoch := epoch l;
           ws := upd (ws l) w (Some {| wepoch := wepoch k; mem := mem k; ran := ran k;
                                       queue := qu; done := done k |});
           world := world l |} -> step l t
(* something leaves that is due by what this worker knows to be durable; it may have
   been fenced since *)
| Release : forall w k o, ws l w = Some k -> due (done k) o ->
    t = {| dur := dur l; hist := hist l; epoch := epoch l; ws := ws l;
           world := world l ++ [o] |} -> step l t.

Inductive star : L -> L -> Prop :=
| SR : forall s, star s s
| SS : forall s t u, step s t -> star t u -> star s u.

(* ------------------------------------------------------------------ *)
(** * Invariant *)

Fixpoint chain (d : D) (qu : list (list E * D)) (es : list E) (m : D) : Prop :=
  match qu with
  | [] => run d es m
  | (es', d') :: r => run d es' d' /\ chain d' r es m
  end.

(** A record that was durable once, and from which what is durable now was reached. *)
Definition was (l : L) (d : D) : Prop :=
  exists h1 h2, hist l = h1 ++ h2 /\ run d0 h1 d /\ run d h2 (dur l).

Record Inv (l : L) : Prop := {
  i_run   : run d0 (hist l) (dur l);
  i_le    : forall w k, ws l w = Some k -> wepoch k <= epoch l;
  i_uniq  : forall w1 w2 k1 k2, ws l w1 = Some k1 -> ws l w2 = Some k2 ->
              wepoch k1 = wepoch k2 -> w1 = w2;
  i_chain : forall w k, ws l w = Some k -> wepoch k = epoch l ->
              chain (dur l) (queue k) (ran k) (mem k);
  i_done  : forall w k, ws l w = Some k -> was l (done k);
  i_world : forall o, In o (world l) -> exists d, was l d /\ due d o
}.

Lemma run_app : forall a es b, run a es b -> forall fs c, run b fs c -> run a (es ++ fs) c.
Proof. induction 1; simpl; eauto using run. Qed.
Lemma run_snoc : forall a es b e c, run a es b -> mstep b e c -> run a (es ++ [e]) c.
Proof. intros. eapply run_app; eauto using run. Qed.
Lemma chain_exec : forall qu d es m e m', chain d qu es m -> mstep m e m' ->
  chain d qu (es ++ [e]) m'.
Proof.
  induction qu as [|[fs x] qu IH]; simpl; intros; [eauto using run_snoc|].
  destruct H. eauto.
Qed.
Lemma chain_cut : forall qu d es m, chain d qu es m -> chain d (qu ++ [(es, m)]) [] m.
Proof.
  induction qu as [|[fs x] qu IH]; simpl; intros; [eauto using run|]. destruct H. eauto.
Qed.

Lemma inv_init : Inv init.
Proof. constructor; simpl; intros; try discriminate; try contradiction; constructor. Qed.

Ltac wcase w0 w := let e := fresh "e" in destruct (Nat.eq_dec w0 w) as [e|e];
  [subst; rewrite ?upd_eq in * | rewrite ?upd_neq in * by auto].
Ltac inj H := inversion H; subst; clear H; simpl in *.

Lemma inv_step : forall l t, Inv l -> step l t -> Inv t.
Proof.
  intros l t I H. destruct H; subst t; constructor; simpl; try apply I.
  - (* Recover *) intros w0 k H0. wcase w0 w; [inj H0; lia|]. pose proof (i_le I _ H0). lia.
  - intros w1 w2 k1 k2 H1 H2 E0. wcase w1 w; wcase w2 w; auto.
    + inj H1. pose proof (i_le I _ H2). lia.
    + inj H2. pose proof (i_le I _ H1). lia.
    + eapply (i_uniq I); eauto.
  - intros w0 k H0 E0. wcase w0 w; [inj H0; constructor|].
    pose proof (i_le I _ H0). lia.
  - intros w0 k H0. wcase w0 w; [|eapply (i_done I); eassumption].
    inj H0. exists (hist l), []. rewrite app_nil_r. repeat split; [apply I|constructor].
  - (* Crash *) intros w0 k H0. wcase w0 w; [discriminate|]. eapply (i_le I); eassumption.
  - intros w1 w2 k1 k2 H1 H2 E0. wcase w1 w; wcase w2 w; try discriminate.
    eapply (i_uniq I); eauto.
  - intros w0 k H0 E0. wcase w0 w; [discriminate|]. eapply (i_chain I); eassumption.
  - intros w0 k H0. wcase w0 w; [discriminate|]. eapply (i_done I); eassumption.
  - (* Exec *) intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_le I); eassumption.
  - intros w1 w2 k1 k2 H1 H2 E0. wcase w1 w; wcase w2 w; auto.
    + inj H1. eapply (i_uniq I); eauto.
    + inj H2. eapply (i_uniq I); eauto.
    + eapply (i_uniq I); eauto.
  - intros w0 k0 H2 E0. wcase w0 w; [|eapply (i_chain I); eassumption].
    inj H2. eapply chain_exec; [|eassumption]. eapply (i_chain I); eassumption.
  - intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_done I); eassumption.
  - (* Cut *) intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_le I); eassumption.
  - intros w1 w2 k1 k2 H1 H2 E0. wcase w1 w; wcase w2 w; auto.
    + inj H1. eapply (i_uniq I); eauto.
    + inj H2. eapply (i_uniq I); eauto.
    + eapply (i_uniq I); eauto.
  - intros w0 k0 H2 E0. wcase w0 w; [|eapply (i_chain I); eassumption].
    inj H2. apply chain_cut. eapply (i_chain I); eassumption.
  - intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_done I); eassumption.
  - (* Commit *) pose proof (i_chain I _ H H1) as C. rewrite H0 in C. destruct C as [R C].
    eapply run_app; [apply I|exact R].
  - intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_le I); eassumption.
  - intros w1 w2 k1 k2 H2 H3 E0. wcase w1 w; wcase w2 w; auto.
    + inj H2. eapply (i_uniq I); eauto.
    + inj H3. eapply (i_uniq I); eauto.
    + eapply (i_uniq I); eauto.
  - pose proof (i_chain I _ H H1) as C. rewrite H0 in C. destruct C as [R C].
    intros w0 k0 H2 E0. wcase w0 w; [now inj H2|].
    exfalso. apply e. eapply (i_uniq I); eauto. congruence.
  - pose proof (i_chain I _ H H1) as C. rewrite H0 in C. destruct C as [R C].
    intros w0 k0 H2. wcase w0 w.
    + inj H2. exists (hist l ++ es), []. simpl. rewrite app_nil_r. repeat split; [|constructor].
      eapply run_app; [apply I|exact R].
    + destruct (i_done I _ H2) as (h1 & h2 & E0 & R1 & R2).
      exists h1, (h2 ++ es). simpl. rewrite E0, app_assoc. repeat split; auto.
      eapply run_app; eauto.
  - pose proof (i_chain I _ H H1) as C. rewrite H0 in C. destruct C as [R C].
    intros o Ho. destruct (i_world I _ Ho) as (x & (h1 & h2 & E0 & R1 & R2) & Dx).
    exists x. split; auto. exists h1, (h2 ++ es). simpl. rewrite E0, app_assoc.
    repeat split; auto. eapply run_app; eauto.
  - (* Refused *) intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_le I); eassumption.
  - intros w1 w2 k1 k2 H2 H3 E0. wcase w1 w; wcase w2 w; auto.
    + inj H2. eapply (i_uniq I); eauto.
    + inj H3. eapply (i_uniq I); eauto.
    + eapply (i_uniq I); eauto.
  - intros w0 k0 H2 E0. wcase w0 w; [inj H2; contradiction|]. eapply (i_chain I); eassumption.
  - intros w0 k0 H2. wcase w0 w; [inj H2|]; eapply (i_done I); eassumption.
  - (* Release *) intros x Hx. apply in_app_or in Hx. destruct Hx as [Hx|[<-|[]]].
    + now apply (i_world I).
    + exists (done k). split; auto. eapply (i_done I); eassumption.
Qed.

Lemma inv_reach : forall l, star init l -> Inv l.
Proof.
  intros l R. assert (I : Inv init) by apply inv_init. induction R; eauto using inv_step.
Qed.

(* ------------------------------------------------------------------ *)
(** * Theorems *)

Theorem committed_run : forall l, star init l -> run d0 (hist l) (dur l).
Proof. intros l R. apply (i_run (inv_reach R)). Qed.

Theorem nothing_early : forall l o, star init l -> In o (world l) -> exists d h1 h2,
  due d o /\ hist l = h1 ++ h2 /\ run d0 h1 d /\ run d h2 (dur l).
Proof.
  intros l o R H. destruct (i_world (inv_reach R) _ H) as (d & (h1 & h2 & A & B & C) & F).
  exists d, h1, h2. auto.
Qed.

(** Crash the worker w and start it again: it has what is durable, and is the owner. *)
Lemma restarted : forall l w, exists t, star l t /\ dur t = dur l /\ hist t = hist l /\
  world t = world l /\ ws t w = Some {| wepoch := epoch t; mem := dur l; ran := [];
                                       queue := []; done := dur l |}.
Proof.
  intros l w. eexists. split.
  - eapply SS; [eapply Crash with (w := w); reflexivity|].
    eapply SS; [eapply Recover with (w := w); [apply upd_eq|reflexivity]|apply SR].
  - simpl. now rewrite upd_eq.
Qed.

Theorem step_progress : forall l e d, mstep (dur l) e d ->
  exists t, star l t /\ dur t = d /\ hist t = hist l ++ [e].
Proof.
  intros l e d M. destruct (restarted l 0) as (t & R & Ed & Eh & _ & K).
  assert (T : forall a b c, star a b -> star b c -> star a c) by (induction 1; eauto using star).
  eexists. split.
  - eapply T; [exact R|].
    eapply SS; [eapply Exec with (w := 0); [exact K|exact M|reflexivity]|].
    eapply SS; [eapply Cut with (w := 0); [apply upd_eq|reflexivity]|].
    eapply SS; [eapply Commit with (w := 0); [apply upd_eq|reflexivity|reflexivity|reflexivity]|].
    apply SR.
  - simpl. now rewrite Eh.
Qed.

Theorem release_progress : forall l o, due (dur l) o ->
  exists t, star l t /\ dur t = dur l /\ hist t = hist l /\ world t = world l ++ [o].
Proof.
  intros l o Du. destruct (restarted l 0) as (t & R & Ed & Eh & Ew & K).
  assert (T : forall a b c, star a b -> star b c -> star a c) by (induction 1; eauto using star).
  eexists. split.
  - eapply T; [exact R|].
    eapply SS; [eapply Release with (w := 0); [exact K|exact Du|reflexivity]|apply SR].
  - simpl. now rewrite Ed, Eh, Ew.
Qed.

End Fenced.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (committed_run, nothing_early, step_progress, release_progress).
Print Assumptions theorems.
