export default {
  language: "언어",
  titles: { counter: "카운터", kitchen: "주방", office: "매장 관리" },
  logIn: {
    /** @param {string} screen */
    title: (screen) => `${screen} 로그인`,
    store: "매장 번호",
    storeHint: "직원 계정은 꼭 입력합니다. 점주는 비워 둡니다.",
    username: "아이디",
    password: "비밀번호",
    submit: "로그인",
    sending: "확인하고 있습니다…",
    wrong: "매장 번호, 아이디, 비밀번호를 다시 확인해 주세요.",
    again: "로그인한 지 오래되었습니다. 다시 로그인해 주세요.",
  },
  logOut: "로그아웃",
  roles: { owner: "점주", manager: "매니저", staff: "직원", kitchen: "주방" },
  /** @param {string} roles */
  onlyFor: (roles) => `이 계정은 권한이 없습니다. 할 수 있는 계정: ${roles}`,
  views: { board: "주문", menus: "메뉴·품절", history: "지난 내역", voids: "취소 내역" },
  soundOn: "소리 켜짐",
  soundOff: "소리 꺼짐",
  /** @param {number} number */
  table: (number) => `${number}번`,
  /** @param {number} number */
  tableLong: (number) => `${number}번 테이블`,
  status: { 대기중: "대기", 준비중: "준비 중", 완료: "완료" },
  next: { 대기중: "준비 시작", 준비중: "완료", 완료: "" },
  /** @param {number} count */
  waiting: (count) => `대기 ${count}`,
  /** @param {number} count */
  preparing: (count) => `준비 중 ${count}`,
  fresh: "새 주문",
  /** @param {number} minutes */
  age: (minutes) => (minutes < 1 ? "방금" : `${minutes}분`),
  /** @param {string} age */
  late: (age) => `${age} · 늦음`,
  /** @param {string} age */
  veryLate: (age) => `${age} · 많이 늦음`,
  /** @param {number} count */
  done: (count) => `완료된 주문 ${count}건`,
  noOrders: "아직 주문이 없습니다.",
  noGuests: "지금은 손님이 없습니다. 태블릿에서 주문하면 여기에 바로 나타납니다.",
  freeTables: "빈 테이블",
  noTables: "아직 등록된 테이블이 없습니다.",
  void: "취소",
  voidTitle: "주문 취소",
  /** @param {number} id */
  order: (id) => `주문 ${id}`,
  reason: "사유",
  reasons: ["손님 요청", "품절", "주문 실수"],
  otherReason: "다른 사유",
  keepHint: "남길 수량을 정해 주세요. 0이면 그 메뉴를 취소합니다.",
  voidAll: "주문 전체 취소",
  voidPart: "선택한 만큼 취소",
  restock: "재고에 다시 더하기",
  back: "돌아가기",
  end: "자리 정리",
  /** @param {number} number */
  endTitle: (number) => `${number}번 테이블을 정리할까요?`,
  endAbout: "주문은 지난 내역으로 옮겨지고, 태블릿은 다음 손님을 맞이합니다.",
  /** @param {number} count */
  unfinished: (count) => `아직 완료되지 않은 주문이 ${count}건 있습니다.`,
  orderCount: "주문",
  /** @param {number} count */
  times: (count) => `${count}건`,
  total: "합계",
  sending: "보내고 있습니다…",
  disconnected: "연결이 끊겼습니다. 연결되면 그동안의 주문이 자동으로 나타납니다.",
  sold: "판매 중",
  soldOut: "품절",
  stock: "남은 수량",
  stockHint: "세지 않음",
  save: "저장",
  noMenus: "아직 등록된 메뉴가 없습니다.",
  day: "날짜",
  noHistory: "내역이 없습니다.",
  noVoids: "취소된 주문이 없습니다.",
  more: "더 보기",
  noReason: "사유 없음",
  /** @param {string} who */
  voidedBy: (who) => `${who} 취소`,
  kitchen: {
    all: "전체",
    categories: "분류",
    wanted: "지금 만들 것",
    nothing: "지금은 만들 것이 없습니다.",
    voided: "취소됨",
    closed: "손님 나감",
    /** @param {number} count */
    lineVoided: (count) => `${count}개 취소`,
    /** @param {string} lines */
    others: (lines) => `함께 주문: ${lines}`,
    seen: "확인",
  },
  calls: {
    title: "직원 호출",
    plain: "직원 호출",
    /** @param {number} count */
    times: (count) => `${count}번 부름`,
    take: "제가 갈게요",
    taken: "가는 중",
    close: "처리 완료",
  },
  close: "닫기",
  fewer: "하나 줄이기",
  oneMore: "하나 늘리기",
  problems: {
    unanswered: "응답을 받지 못했습니다. 저장되었는지 목록에서 확인한 뒤 다시 시도해 주세요.",
    username_taken: "같은 아이디의 계정이 이미 있습니다.",
    call_item_label_taken: "같은 이름의 호출 항목이 이미 있습니다.",
    category_name_taken: "같은 이름의 분류가 이미 있습니다.",
    category_not_empty: "메뉴가 들어 있는 분류입니다. 메뉴를 먼저 옮기거나 삭제해 주세요.",
    table_number_taken: "이미 있는 테이블 번호입니다.",
    table_in_use: "손님이 있는 테이블입니다. 자리를 정리한 뒤에 삭제해 주세요.",
    group_unsatisfiable: "이 옵션 그룹은 고를 수 있는 옵션이 모자라거나 기본 옵션이 너무 많습니다.",
    group_in_use: "이 옵션 그룹을 쓰는 메뉴가 있습니다. 메뉴에서 먼저 빼 주세요.",
    limit_reached: "더 이상 추가할 수 없습니다.",
    validation_failed: "입력한 내용을 다시 확인해 주세요.",
    menus_missing: "그사이 메뉴가 바뀌었습니다. 다시 옮겨 주세요.",
    approval_required: "준비를 시작한 주문은 점주나 매니저 계정으로만 취소할 수 있습니다.",
    status_backwards: "이미 더 진행된 주문입니다.",
    call_not_found: "이미 정리된 호출입니다.",
    order_not_found: "이미 취소되었거나 정리된 주문입니다.",
    session_changed: "그사이 다른 손님이 앉았습니다. 화면을 확인하고 다시 눌러 주세요.",
    no_active_session: "이미 정리된 자리입니다.",
    menu_not_found: "삭제된 메뉴입니다.",
    keep_too_large: "그사이 수량이 바뀌었습니다. 다시 확인해 주세요.",
  },
  /** @param {number} seconds */
  tooMany: (seconds) => `${seconds}초 뒤에 다시 시도해 주세요.`,
  /** @param {string} id */
  failed: (id) => `요청을 처리하지 못했습니다. (${id})`,
};
