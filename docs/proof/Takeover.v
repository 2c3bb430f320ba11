(** How a journal changes hands: the fence.

    Protocol.v and its kin commit by comparing an epoch and writing, in one step. Files
    cannot do that. What they can is to create a file that must not exist yet. Each
    owner creates the next segment, reads what the owners before have left only then,
    and writes into its own segment only. Whoever wrote and synced a record looks once
    more whether there is a newer segment, and tells that it is kept only if there is
    none. Meanwhile anybody may create one.

    [told_is_kept]     what was ever told to be kept is the beginning of what the owner
                       has who finds no newer segment, and of all that come after it
    [told_in_one_line] of any two things that were told, one is the beginning of the
                       other: there is one history, whoever told it

    Anybody may stop at any point, and lose with that what is not synced; and nobody
    need ever notice that there is a newer segment. *)

From Coq Require Import List Arith Lia PeanoNat.
Import ListNotations.
Set Implicit Arguments.

Section Takeover.

Variable Rec : Type.

Definition upd {A} (f : nat -> A) (k : nat) (v : A) : nat -> A :=
  fun i => if Nat.eqb i k then v else f i.
Lemma upd_eq : forall A (f : nat -> A) k v, upd f k v k = v.
Proof. intros; unfold upd; now rewrite Nat.eqb_refl. Qed.
Lemma upd_neq : forall A (f : nat -> A) k v i, i <> k -> upd f k v i = f i.
Proof. intros; unfold upd; destruct (Nat.eqb_spec i k); congruence. Qed.

Definition starts (a b : list Rec) : Prop := exists x, b = a ++ x.

(** A segment, and the one owner who writes it. *)
Record segment := {
  found : option (list Rec);         (* what its owner found of those before it *)
  head : option (list Rec);          (* its header says what it follows; None: not in use *)
  body : list Rec;                   (* the records written into it *)
  synced : nat;                      (* so many of them are surely on the medium *)
  owns : bool }.                     (* its owner is there, and writes *)

Record S := {
  seg : nat -> segment;              (* those from 1 to top exist *)
  top : nat;
  told : list (nat * list Rec) }.    (* ghost: who may tell that what is kept, now or later *)

Definition fresh : segment :=
  {| found := None; head := None; body := []; synced := 0; owns := false |}.
(** Segment 0 stands for a journal that is new. *)
Definition init : S :=
  {| seg := fun n => if Nat.eqb n 0
       then {| found := Some []; head := Some []; body := []; synced := 0; owns := false |} else fresh;
     top := 0; told := [] |}.

(** All that the owner of a segment has, and what of it surely stays. *)
Definition content (g : segment) : list Rec :=
  match head g with Some l => l ++ body g | None => [] end.
Definition sure (g : segment) : list Rec :=
  match head g with Some l => l ++ firstn (synced g) (body g) | None => [] end.

Inductive step (s t : S) : Prop :=
(* somebody creates the segment after the newest: nobody else can create the same *)
| Create :
    t = {| seg := upd (seg s) (1 + top s) fresh; top := 1 + top s; told := told s |} -> step s t
(* it reads the newest segment in use before its own: all that is synced, and maybe more *)
| Find : forall n p l k, 0 < n -> n <= top s -> p < n ->
    head (seg s p) = Some l -> (forall i, p < i -> i < n -> head (seg s i) = None) ->
    synced (seg s p) <= k -> head (seg s n) = None ->
    t = {| seg := upd (seg s) n {| found := Some (l ++ firstn k (body (seg s p))); head := None;
                                   body := []; synced := 0; owns := false |};
           top := top s; told := told s |} -> step s t
(* it writes its header, with what it found *)
| Head : forall n l, 0 < n -> found (seg s n) = Some l -> head (seg s n) = None ->
    t = {| seg := upd (seg s) n {| found := Some l; head := Some l; body := []; synced := 0;
                                   owns := false |};
           top := top s; told := told s |} -> step s t
(* and begins to write, though there may be a newer segment by now *)
| Begin : forall n l, 0 < n -> n <= top s -> head (seg s n) = Some l ->
    t = {| seg := upd (seg s) n {| found := found (seg s n); head := head (seg s n);
                                   body := body (seg s n); synced := synced (seg s n);
                                   owns := true |};
           top := top s; told := told s |} -> step s t
(* it writes a record; so does an owner that was taken over *)
| Write : forall n r, owns (seg s n) = true ->
    t = {| seg := upd (seg s) n {| found := found (seg s n); head := head (seg s n);
                                   body := body (seg s n) ++ [r]; synced := synced (seg s n);
                                   owns := true |};
           top := top s; told := told s |} -> step s t
| Sync : forall n, owns (seg s n) = true ->
    t = {| seg := upd (seg s) n {| found := found (seg s n); head := head (seg s n);
                                   body := body (seg s n); synced := length (body (seg s n));
                                   owns := true |};
           top := top s; told := told s |} -> step s t
(* it finds no newer segment: it may tell, from now on, that what is synced is kept *)
| Check : forall n, owns (seg s n) = true -> n = top s ->
    t = {| seg := seg s; top := top s;
           told := (n, sure (seg s n)) :: told s |} -> step s t
(* its owner is gone for good, and with it some of what was not synced *)
| Lose : forall n k, 0 < n -> synced (seg s n) <= k ->
    t = {| seg := upd (seg s) n {| found := found (seg s n); head := head (seg s n);
                                   body := firstn k (body (seg s n)); synced := synced (seg s n);
                                   owns := false |};
           top := top s; told := told s |} -> step s t.

Inductive star : S -> S -> Prop :=
| SR : forall s, star s s
| SS : forall s t u, step s t -> star t u -> star s u.

(* ------------------------------------------------------------------ *)
(** * Invariant *)

Record Inv (s : S) : Prop := {
  i_new   : forall n, top s < n -> seg s n = fresh;
  i_head  : forall n l, head (seg s n) = Some l -> found (seg s n) = Some l;
  i_own   : forall n, owns (seg s n) = true -> n <= top s /\ exists l, head (seg s n) = Some l;
  i_sync  : forall n, synced (seg s n) <= length (body (seg s n));
  (* what is told is there, and with it all that its owner found *)
  i_told  : forall n a, In (n, a) (told s) -> n <= top s /\
              exists l, head (seg s n) = Some l /\ starts l a /\ starts a (sure (seg s n));
  (* and whoever looked later has found it *)
  i_fence : forall m a n l, In (m, a) (told s) -> m < n -> found (seg s n) = Some l -> starts a l
}.

Lemma starts_app : forall a b c, starts a b -> starts a (b ++ c).
Proof. intros a b c [x ->]. exists (x ++ c). now rewrite app_assoc. Qed.
Lemma starts_self : forall a x, starts a (a ++ x).
Proof. intros. now exists x. Qed.
Lemma starts_trans : forall a b c, starts a b -> starts b c -> starts a c.
Proof. intros a b c [x ->] [y ->]. exists (x ++ y). now rewrite app_assoc. Qed.
Lemma starts_firstn : forall l (b : list Rec) n k, n <= k ->
  starts (l ++ firstn n b) (l ++ firstn k b).
Proof.
  intros. exists (skipn n (firstn k b)). rewrite <- app_assoc. f_equal.
  replace (firstn n b) with (firstn n (firstn k b)) by (rewrite firstn_firstn; f_equal; lia).
  now rewrite firstn_skipn.
Qed.
Lemma sure_content : forall g, starts (sure g) (content g).
Proof.
  intros g. unfold sure, content. destruct (head g); [|now exists []].
  exists (skipn (synced g) (body g)). now rewrite <- app_assoc, firstn_skipn.
Qed.
Lemma starts_both : forall a b c, starts a c -> starts b c -> starts a b \/ starts b a.
Proof.
  induction a as [|x a IH]; intros b c [p ->] [q E]; [left; now exists b|].
  destruct b as [|y b]; [right; now exists (x :: a)|].
  inversion E; subst. destruct (IH b (a ++ p)) as [[r ->]|[r ->]].
  - now exists p.
  - now exists q.
  - left. now exists r.
  - right. now exists r.
Qed.

Lemma inv_init : Inv init.
Proof.
  constructor; simpl; intros; try contradiction.
  - destruct (Nat.eqb_spec n 0); [lia|reflexivity].
  - destruct (Nat.eqb_spec n 0); simpl in *; auto; discriminate.
  - destruct (Nat.eqb_spec n 0); simpl in *; discriminate.
  - destruct (Nat.eqb_spec n 0); simpl; auto.
Qed.

Ltac seg_case n := unfold upd in *;
  match goal with
  | |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b); [subst a|]
  | H : context [Nat.eqb ?a ?b] |- _ => destruct (Nat.eqb_spec a b); [subst a|] end; simpl in *.

(** Steps that change one segment in use, and take nothing away that is synced. *)
Lemma inv_grow : forall s n g, Inv s -> n <= top s ->
  found g = found (seg s n) -> head g = head (seg s n) -> synced g <= length (body g) ->
  (owns g = true -> exists l, head (seg s n) = Some l) ->
  starts (sure (seg s n)) (sure g) ->
  Inv {| seg := upd (seg s) n g; top := top s; told := told s |}.
Proof.
  intros s n g I Le F Hd Sy Ow St. constructor; simpl.
  - intros i L. seg_case i; [lia|]. now apply (i_new I).
  - intros i l. seg_case i; [rewrite F, Hd; apply (i_head I)|apply (i_head I)].
  - intros i. seg_case i; [rewrite Hd; auto|apply (i_own I)].
  - intros i. seg_case i; [auto|apply (i_sync I)].
  - intros i a H. destruct (i_told I _ _ H) as (A & l & B & C & D). split; auto.
    exists l. seg_case i; [|auto]. rewrite Hd. repeat split; auto. eapply starts_trans; eauto.
  - intros m a i l H L. seg_case i; [rewrite F|]; intros E; eapply (i_fence I); eauto.
Qed.

Lemma inv_step : forall s t, Inv s -> step s t -> Inv t.
Proof.
  intros s t I H. destruct H; subst t.
  - (* Create *)
    assert (N : seg s (1 + top s) = fresh) by (apply (i_new I); lia).
    constructor; simpl.
    + intros i L. seg_case i; auto. apply (i_new I). lia.
    + intros i l. seg_case i; [discriminate|apply (i_head I)].
    + intros i. seg_case i; [discriminate|]. intros Ow. destruct (i_own I _ Ow). split; auto; lia.
    + intros i. seg_case i; [auto|apply (i_sync I)].
    + intros i a Hi. destruct (i_told I _ _ Hi) as (A & R). split; [lia|].
      seg_case i; [lia|assumption].
    + intros m a i l Hi L. seg_case i; [discriminate|]. now apply (i_fence I) with m.
  - (* Find *)
    assert (T : forall a, ~ In (n, a) (told s)).
    { intros a Ha. destruct (i_told I _ _ Ha) as (_ & x & Hx & _). congruence. }
    constructor; simpl.
    + intros i L. seg_case i; [lia|now apply (i_new I)].
    + intros i x. seg_case i; [discriminate|apply (i_head I)].
    + intros i. seg_case i; [discriminate|apply (i_own I)].
    + intros i. seg_case i; [auto|apply (i_sync I)].
    + intros i a Hi. destruct (i_told I _ _ Hi) as (A & R). split; auto.
      seg_case i; [now destruct (T a)|assumption].
    + intros m a i x Hi L. seg_case i; [|now apply (i_fence I) with m].
      intros E. inversion E; subst. destruct (i_told I _ _ Hi) as (A & y & Hy & _ & D).
      destruct (Nat.lt_trichotomy m p) as [Lt|[->|Gt]].
      * apply starts_app. eapply (i_fence I); eauto. now apply (i_head I).
      * eapply starts_trans; [exact D|]. unfold sure. rewrite H2. now apply starts_firstn.
      * rewrite H3 in Hy by auto. discriminate.
  - (* Head *)
    assert (T : forall a, ~ In (n, a) (told s)).
    { intros a Ha. destruct (i_told I _ _ Ha) as (_ & x & Hx & _). congruence. }
    constructor; simpl.
    + intros i L. seg_case i; [|now apply (i_new I)]. rewrite (i_new I) in H0 by auto. discriminate.
    + intros i x. seg_case i; [auto|apply (i_head I)].
    + intros i. seg_case i; [discriminate|apply (i_own I)].
    + intros i. seg_case i; [auto|apply (i_sync I)].
    + intros i a Hi. destruct (i_told I _ _ Hi) as (A & R). split; auto.
      seg_case i; [now destruct (T a)|assumption].
    + intros m a i x Hi L. seg_case i; [|now apply (i_fence I) with m].
      intros E. inversion E; subst. eapply (i_fence I); eauto.
  - (* Begin *)
    apply inv_grow; simpl; auto; try lia; [apply (i_sync I)|eauto|].
    exists []. rewrite app_nil_r. reflexivity.
  - (* Write *)
    destruct (i_own I _ H) as [L [l Hl]]. pose proof (i_sync I n).
    apply inv_grow; simpl; auto; [rewrite app_length; lia|eauto|].
    unfold sure; simpl. rewrite Hl, firstn_app. replace (synced (seg s n) - length (body (seg s n))) with 0 by lia.
    simpl. rewrite app_nil_r. exists []. now rewrite app_nil_r.
  - (* Sync *)
    destruct (i_own I _ H) as [L [l Hl]].
    apply inv_grow; simpl; auto; [eauto|].
    unfold sure; simpl. rewrite Hl. apply starts_firstn. apply (i_sync I).
  - (* Check *)
    destruct (i_own I _ H) as [L [l Hl]].
    constructor; simpl; try apply I.
    + intros i a [E|Hi]; [|now apply (i_told I)]. inversion E; subst. split; auto.
      exists l. split; auto. unfold sure. rewrite Hl. split; [apply starts_self|].
      exists []. now rewrite app_nil_r.
    + intros m a i x [E|Hi] Lt Fx; [|now apply (i_fence I) with m i].
      inversion E; subst. rewrite (i_new I) in Fx by lia. discriminate.
  - (* Lose *)
    destruct (le_lt_dec n (top s)) as [L|G].
    + pose proof (i_sync I n). apply inv_grow; simpl; auto.
      * rewrite firstn_length. lia.
      * discriminate.
      * unfold sure; simpl. destruct (head (seg s n)); [|now exists []].
        rewrite firstn_firstn. replace (Nat.min (synced (seg s n)) k) with (synced (seg s n)) by lia.
        exists []. now rewrite app_nil_r.
    + assert (N : seg s n = fresh) by now apply (i_new I). rewrite N. simpl.
      constructor; simpl.
      * intros i Li. seg_case i; [now rewrite firstn_nil|now apply (i_new I)].
      * intros i x. seg_case i; [discriminate|apply (i_head I)].
      * intros i. seg_case i; [discriminate|apply (i_own I)].
      * intros i. seg_case i; [lia|apply (i_sync I)].
      * intros i a Hi. destruct (i_told I _ _ Hi) as (A & R). split; auto.
        seg_case i; [lia|assumption].
      * intros m a i x Hi Lt. seg_case i; [discriminate|]. now apply (i_fence I) with m.
Qed.

Lemma inv_reach : forall s, star init s -> Inv s.
Proof.
  intros s R. assert (I : Inv init) by apply inv_init. induction R; eauto using inv_step.
Qed.

(* ------------------------------------------------------------------ *)
(** * Theorems *)

Theorem told_is_kept : forall s m a n l, star init s -> In (m, a) (told s) -> m <= n ->
  head (seg s n) = Some l -> starts a (content (seg s n)).
Proof.
  intros s m a n l R H L Hn. pose proof (inv_reach R) as I.
  destruct (i_told I _ _ H) as (_ & x & Hx & _ & D).
  destruct (Nat.eq_dec m n) as [->|N].
  - eapply starts_trans; [exact D|apply sure_content].
  - unfold content. rewrite Hn. apply starts_app.
    assert (Lt : m < n) by lia. eapply (i_fence I); [exact H|exact Lt|now apply (i_head I)].
Qed.

Corollary owner_has_all : forall s m a, star init s -> In (m, a) (told s) ->
  owns (seg s (top s)) = true -> starts a (content (seg s (top s))).
Proof.
  intros s m a R H O. pose proof (inv_reach R) as I. destruct (i_own I _ O) as [_ [l Hl]].
  eapply told_is_kept; eauto. apply (i_told I _ _ H).
Qed.

Theorem told_in_one_line : forall s m a n b, star init s ->
  In (m, a) (told s) -> In (n, b) (told s) -> starts a b \/ starts b a.
Proof.
  assert (G : forall s m a n b, star init s -> In (m, a) (told s) -> In (n, b) (told s) ->
    m < n -> starts a b).
  { intros s m a n b R A B L. pose proof (inv_reach R) as I.
    destruct (i_told I _ _ B) as (_ & l & Hl & Sl & _).
    eapply starts_trans; [|exact Sl]. eapply (i_fence I); [exact A|exact L|now apply (i_head I)]. }
  intros s m a n b R A B. destruct (Nat.lt_trichotomy m n) as [L|[->|L]]; eauto.
  pose proof (inv_reach R) as I.
  destruct (i_told I _ _ A) as (_ & _ & _ & _ & Da), (i_told I _ _ B) as (_ & _ & _ & _ & Db).
  eapply starts_both; eauto.
Qed.

End Takeover.

(** All of them rest on nothing but the definitions above. *)
Definition theorems :=
  (told_is_kept, owner_has_all, told_in_one_line).
Print Assumptions theorems.
